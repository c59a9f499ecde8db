/** All backends behind one door: routing, logging on, and what their servers can do. */
import type { Backends, Guest, Route } from "../core/backend.ts";
import type { ProtocolName, Visit } from "../core/visit.ts";
import type { Extensions } from "../protocols/front.ts";
import type { Welcome } from "../protocols/enter.ts";
import { askCapabilities } from "../protocols/pop3/enter.ts";
import { askExtensions } from "../protocols/smtp/enter.ts";
import { talkTo } from "../wire/connect.ts";
import type { Wire } from "../wire/wire.ts";
import { enterBackend, starttlsOf, type Backend, type BackendServer, type Lore } from "./backend.ts";
import { makeRouter, reachable, type Router } from "./route.ts";
import { hostPort } from "../wire/networks.ts";

export class RoutedBackends implements Backends {
  readonly #backends: ReadonlyMap<string, Backend>;
  readonly #routes: readonly Route[];
  readonly #router: Router;
  readonly #lore: ReadonlyMap<string, { -readonly [K in keyof Lore]: Lore[K] }>;
  /** EHLO lists by backend, renewed when a logon shows another one. */
  readonly #extensions = new Map<string, Extensions>();
  readonly #heard = new Map<string, readonly string[]>();
  readonly #common = new Map<string, Extensions>();

  constructor(backends: readonly Backend[], routes: readonly Route[]) {
    this.#backends = new Map(backends.map((backend) => [backend.name, backend]));
    this.#lore = new Map(
      backends.map(({ name }) => [name, { pipelining: false, learn: (welcome) => this.#learn(name, welcome) }]),
    );
    this.#routes = routes;
    this.#router = makeRouter(routes);
  }

  enter(guest: Guest, visit: Visit): ReturnType<Backends["enter"]> {
    const name = this.#router(guest.identity, visit);
    const backend = name === undefined ? undefined : this.#backends.get(name);
    if (!backend)
      return Promise.resolve({ kind: "unavailable", backend: "", why: `no route for ${guest.identity.user}` });
    return enterBackend(backend, guest, visit, this.#lore.get(backend.name)!);
  }

  /** What a client of this listener may be promised before it is known where it will end: what all of them have. */
  extensionsFor(listener: string): Extensions {
    const known = this.#common.get(listener);
    if (known) return known;
    const lists = reachable(this.#routes, listener).map(
      (name) => this.#extensions.get(name) ?? new Map<string, string>(),
    );
    const common = intersect(lists);
    this.#common.set(listener, common);
    return common;
  }

  /**
   * Asks every SMTP and POP3 server once what it can do, so that the first SMTP client sees a true list and POP3 logons are
   * short. Failures are told to `report`.
   */
  async learn(protocols: ReadonlySet<ProtocolName>, report: (why: string) => void): Promise<void> {
    const backends = [...this.#backends.values()];
    const smtp = protocols.has("smtp") ? backends : [];
    const pop3 = protocols.has("pop3") ? backends : [];
    await Promise.all([
      ...smtp.map((backend) => this.#askSmtp(backend, report)),
      ...pop3.map((backend) => this.#askPop3(backend, report)),
    ]);
  }

  #askSmtp(backend: Backend, report: (why: string) => void): Promise<void> {
    return this.#ask(backend, backend.servers.smtp, report, async (wire, server) => {
      const { serverName } = backend;
      const extensions = await askExtensions(wire, { serverName, starttls: starttlsOf(server) });
      this.#learn(backend.name, { extensions });
    });
  }

  #askPop3(backend: Backend, report: (why: string) => void): Promise<void> {
    return this.#ask(backend, backend.servers.pop3, report, async (wire, server) => {
      const capabilities = await askCapabilities(wire, { starttls: starttlsOf(server) });
      this.#lore.get(backend.name)!.pipelining = capabilities.includes("PIPELINING");
    });
  }

  async #ask(
    { name, times }: Backend,
    server: BackendServer | undefined,
    report: (why: string) => void,
    question: (wire: Wire, server: BackendServer) => Promise<void>,
  ): Promise<void> {
    if (!server) return;
    try {
      const { wire } = await talkTo(server, times, (to) => question(to, server));
      wire.close();
    } catch (error) {
      report(`backend ${name} (${hostPort(server)}): ${(error as Error).message}`);
    }
  }

  #learn(backend: string, { extensions }: Welcome): void {
    if (!extensions || isSame(extensions, this.#heard.get(backend))) return;
    this.#heard.set(backend, extensions);
    const list = extensions.map((line): [string, string] => {
      const [keyword = "", ...parameters] = line.split(" ");
      return [keyword.toUpperCase(), parameters.join(" ")];
    });
    this.#extensions.set(backend, new Map(list));
    this.#common.clear();
  }
}

function isSame(lines: readonly string[], others: readonly string[] | undefined): boolean {
  return lines.length === others?.length && lines.every((line, index) => line === others[index]);
}

/** Keywords that all have; of the sizes the smallest (0 means no limit, RFC 1870). */
function intersect([first, ...others]: readonly Extensions[]): Extensions {
  if (!first) return new Map();
  const common = [...first].filter(([keyword]) => others.every((list) => list.has(keyword)));
  const sizes = [first, ...others].map((list) => Number(list.get("SIZE")) || Infinity);
  const size = Math.min(...sizes);
  return new Map(
    common.map(([keyword, text]) => [keyword, keyword === "SIZE" ? String(size === Infinity ? "" : size) : text]),
  );
}
