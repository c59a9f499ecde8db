/**
 * Composition: from a configuration to open ports. The only file, with the commands, that knows every room. Reading the
 * configuration again swaps what new connections meet; those already here keep what they came to.
 */
import { randomFillSync } from "node:crypto";
import type { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { RoutedBackends } from "./backends/backends.ts";
import type { Config, ListenerConfig } from "./config/config.ts";
import { closeAll, type Validator } from "./core/validator.ts";
import { makeBackends, makeCertificates, makeFront } from "./furnish.ts";
import { toFiletime } from "./observe/filetime.ts";
import { listenerJudge } from "./listener-judge.ts";
import type { OpenGuard } from "./guard/open.ts";
import type { Log } from "./observe/log.ts";
import type { Watcher } from "./observe/watcher.ts";
import type { Radar } from "./radar/radar.ts";
import { Crowd } from "./wire/crowd.ts";
import { Door } from "./wire/door.ts";
import { listen } from "./wire/listen.ts";
import { hostPort, makeNetworks } from "./wire/networks.ts";
import type { Link } from "./wire/link.ts";
import { Stay, type House } from "./visit.ts";

export interface GatewayOptions {
  readonly log: Log;
  /** Makes the validators that the configuration names. */
  readonly validators: (config: Config) => Promise<ReadonlyMap<string, Validator>>;
  /** Keeps count of NTLM; closed with the gateway. */
  readonly radar?: Pick<Radar, "record" | "close"> | undefined;
  /** Counts failed logons, before the validators; closed with the gateway. */
  readonly guard?: Pick<OpenGuard, "close"> | undefined;
  /** Looks on: the sandbox, tests. */
  readonly watcher?: Watcher;
  /** Several processes share the ports (Node >= 23.1). */
  readonly reusePort?: boolean;
  /** Server challenges and the time in them: the system's, unless a test wants the same dialogue twice. */
  readonly nonce?: () => Uint8Array;
  readonly clock?: () => bigint;
}

interface OpenPort {
  readonly key: string;
  readonly server: Server;
  house: House;
}

/** The first SMTP client shall see a true EHLO list, but a backend that is down must not keep us from starting. */
const LEARNING = 2_000;
/** After a reload the old validators may still be asked by logons under way. */
const GRACE = 60_000;
/** Sessions that are ended close at once, unless they wait for a backend just then. */
const PARTING = 1_000;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #stays = new Crowd<Stay>();
  readonly #ports = new Map<string, OpenPort>();
  readonly #door: Door;
  #config: Config;
  #validators: ReadonlyMap<string, Validator> = new Map();
  /** Of configurations before this one. */
  readonly #retired = new Set<ReadonlyMap<string, Validator>>();

  private constructor(config: Config, options: GatewayOptions) {
    this.#config = config;
    this.#options = options;
    this.#door = new Door(config.limits.connections);
  }

  /** Opens every port, or none. Rejects with the system's error and the listener's name. */
  static async start(config: Config, options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(config, options);
    try {
      await gateway.#furnish(config);
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  /** The port of each listener, by its name; of interest where the configuration says 0. */
  get ports(): ReadonlyMap<string, number> {
    const open = [...this.#ports.values()];
    return new Map(open.map(({ house, server }) => [house.listener, (server.address() as { port: number }).port]));
  }

  /** Connections at this moment. */
  get connections(): number {
    return this.#stays.size;
  }

  /** Takes over another configuration without touching a session. On an error the old one stays in force. */
  async reload(config: Config): Promise<void> {
    const before = this.#validators;
    await this.#furnish(config);
    this.#config = config;
    this.#retired.add(before);
    setTimeout(() => void (this.#retired.delete(before) && closeAll(before)), GRACE).unref();
  }

  /** Takes no new connections, lets the present ones finish for `milliseconds`, then ends them. */
  async drain(milliseconds = this.#config.limits.drain): Promise<void> {
    for (const { server } of this.#ports.values()) server.close();
    const end = Date.now() + milliseconds;
    while (this.#stays.size > 0 && Date.now() < end) await sleep(50);
    await this.stop();
  }

  async stop(): Promise<void> {
    for (const { server } of this.#ports.values()) server.close();
    this.#ports.clear();
    for (const stay of this.#stays.filter()) stay.stop();
    // Each says its line in the log when its sockets are closed, some turns of the event loop later.
    for (const end = Date.now() + PARTING; this.#stays.size > 0 && Date.now() < end;) await sleep(5);
    const validators = [...this.#retired, this.#validators];
    this.#retired.clear();
    this.#validators = new Map();
    const { radar, guard } = this.#options;
    await Promise.all([...validators.map(closeAll), radar?.close(), guard?.close()]);
  }

  async #furnish(config: Config): Promise<void> {
    const validators = await this.#options.validators(config);
    try {
      await this.#furnishWith(config, validators);
    } catch (error) {
      await closeAll(validators);
      throw error;
    }
    this.#validators = validators;
    this.#door.setLimits(config.limits.connections);
  }

  async #furnishWith(config: Config, validators: ReadonlyMap<string, Validator>): Promise<void> {
    const { log } = this.#options;
    const backends = new RoutedBackends(makeBackends(config), config.routes);
    const houses = config.listeners.map((listener) => this.#house(config, listener, validators, backends));
    const learning = backends.learn(new Set(houses.map((house) => house.protocol)), (why) =>
      log.write("warn", "cannot ask a server what it can do", { why }),
    );
    await Promise.race([learning, sleep(LEARNING, undefined, { ref: false })]);
    await this.#open(config.listeners, houses);
  }

  #house(
    config: Config,
    listener: ListenerConfig,
    validators: ReadonlyMap<string, Validator>,
    backends: RoutedBackends,
  ): House {
    const { log, watcher, radar, nonce = freshNonce, clock = () => toFiletime(new Date()) } = this.#options;
    const certificates = makeCertificates(config, listener);
    const front = makeFront({
      config,
      listener,
      validator: listenerJudge(config, listener, validators, log),
      backends,
      certificates,
      nonce,
      clock,
    });
    return {
      listener: listener.name,
      protocol: listener.protocol,
      front: {
        ...front,
        attempted: (visit, attempt) => {
          const stay = visit as Stay;
          stay.lastAttempt = attempt;
          if (attempt.outcome.kind !== "entered") stay.failures += 1;
          radar?.record(visit, attempt);
          watcher?.attempted(visit, attempt);
        },
      },
      implicitTls: listener.tls === "implicit",
      isProxy: listener.proxyProtocol ? makeNetworks(listener.proxyProtocol.from) : () => false,
      door: this.#door,
      logonTime: config.limits.logonTime,
      idle: config.limits.idle[listener.protocol],
      log,
      watcher,
    };
  }

  /** New ports are opened before old ones are closed; a port that stays gets its new furnishing. */
  async #open(listeners: readonly ListenerConfig[], houses: readonly House[]): Promise<void> {
    const keys = listeners.map(({ bind, name }) =>
      bind.port === 0 ? `${name}:0` : hostPort({ host: bind.host ?? "*", port: bind.port }),
    );
    const opened: OpenPort[] = [];
    try {
      for (const [index, key] of keys.entries()) {
        if (!this.#ports.has(key)) opened.push(await this.#openPort(key, listeners[index]!, houses[index]!));
      }
    } catch (error) {
      for (const { server } of opened) server.close();
      throw error;
    }
    for (const port of opened) this.#ports.set(port.key, port);
    for (const [index, key] of keys.entries()) this.#ports.get(key)!.house = houses[index]!;
    for (const [key, { server }] of this.#ports) {
      if (keys.includes(key)) continue;
      server.close();
      this.#ports.delete(key);
    }
  }

  async #openPort(key: string, { name, bind }: ListenerConfig, house: House): Promise<OpenPort> {
    const onLink = (link: Link): void => this.#receive(link, port.house);
    const { log, reusePort } = this.#options;
    const onFault = (error: Error): void =>
      log.write("error", "cannot accept a connection", { listener: name, why: error.message });
    const server = await listen(bind, onLink, onFault, reusePort).catch((error: Error) => {
      throw new Error(`listener ${name}: ${error.message}`);
    });
    const port: OpenPort = { key, server, house };
    return port;
  }

  #receive(link: Link, house: House): void {
    const stay = new Stay(link, house, (gone) => this.#stays.delete(gone));
    this.#stays.add(stay);
    void stay.run();
  }
}

/** Server challenges come from a pool of the system's random bytes: asking for eight at a time costs as much as a logon. */
const POOL = Buffer.alloc(4096);
let used = POOL.length;

function freshNonce(): Uint8Array {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  const fresh = Buffer.from(POOL.subarray(used, used + 8));
  POOL.fill(0, used, used + 8);
  used += 8;
  return fresh;
}
