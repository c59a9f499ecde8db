/**
 * One client's stay, from the socket to the last byte: who it is (PROXY header), TLS where it comes first, the protocol's
 * dialogue, the relay, and one line in the log. Nothing that a client does reaches beyond its own stay.
 */
import { NAME_LIMIT } from "./core/identity.ts";
import { ntStatusName } from "./core/nt-status.ts";
import type { Peer, ProtocolName, TlsFacts, Visit } from "./core/visit.ts";
import type { Log } from "./observe/log.ts";
import type { Watcher } from "./observe/watcher.ts";
import type { Attempt, Entered, Front } from "./protocols/front.ts";
import { protocols } from "./protocols/protocol.ts";
import { relay, type Relay, type RelayEnd } from "./relay/relay.ts";
import type { Member } from "./wire/crowd.ts";
import { clearDeadline, startDeadline, type Deadline } from "./wire/deadlines.ts";
import type { Door, Ticket } from "./wire/door.ts";
import type { Link } from "./wire/link.ts";
import { plainAddress } from "./wire/networks.ts";
import { ProxyHeaderError, readProxyHeader } from "./wire/proxy-header.ts";
import { Wire, WireClosed } from "./wire/wire.ts";

/** A listener with everything its clients need. Replaced as a whole when the configuration is read again. */
export interface House {
  readonly listener: string;
  readonly protocol: ProtocolName;
  readonly front: Front;
  readonly implicitTls: boolean;
  /** True for addresses that must send a PROXY header. */
  readonly isProxy: (address: string) => boolean;
  readonly door: Door;
  /** Milliseconds from connecting to being logged on. */
  readonly logonTime: number;
  /** Milliseconds that a logged-on session may be silent. */
  readonly idle: number;
  readonly log: Log;
  readonly watcher: Watcher | undefined;
}

/** Reading the PROXY header may take this long: one lost packet and its repetition. */
const PROXY_TIME = 5_000;

let visits = 0;
const PROCESS = (Date.now() % 2_176_782_336).toString(36);

export class Stay implements Visit, Member {
  place: number | undefined = undefined;
  readonly id: string;
  readonly house: House;
  client: Peer;
  secure = false;
  channelBinding: Uint8Array | undefined = undefined;
  tls: TlsFacts | undefined = undefined;
  /** The attempt that decided. */
  lastAttempt: Attempt | undefined;
  failures = 0;
  readonly #started = Date.now();
  readonly #gone: (stay: Stay) => void;
  #wire: Wire | undefined;
  #relay: Relay | undefined;
  #ticket: Ticket | undefined;
  #deadline: Deadline | undefined;

  /** `gone` is called once, when nothing of the stay is left. */
  constructor(link: Link, house: House, gone: (stay: Stay) => void) {
    const { socket } = link;
    visits += 1;
    this.id = `${PROCESS}-${visits.toString(36)}`;
    this.house = house;
    this.client = { address: plainAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
    this.#gone = gone;
    this.#wire = new Wire(link);
  }

  get protocol(): ProtocolName {
    return this.house.protocol;
  }

  get listener(): string {
    return this.house.listener;
  }

  /** From now on under TLS. `channelBinding`: MsvAvChannelBindings of the certificate shown. */
  beginTls(tls: TlsFacts, channelBinding: Uint8Array | undefined): void {
    this.secure = true;
    this.tls = tls;
    this.channelBinding = channelBinding;
  }

  /** Ends the stay now, logged on or not. */
  stop(): void {
    if (this.#relay) this.#relay.stop();
    else this.#wire?.fail("Postern is stopping");
  }

  async run(): Promise<void> {
    const { house } = this;
    const wire = this.#wire!;
    try {
      if (house.isProxy(this.client.address)) await this.#readProxyHeader(wire);
      this.#enterDoor(wire);
      this.#deadline = startDeadline(house.logonTime, () => this.#tooSlow(wire));
      if (house.implicitTls) await house.front.secure(wire, this);
      if (house.watcher) this.#watch(wire, house.watcher);
      const entered = await protocols[house.protocol].serve(wire, house.front, this);
      if (entered && !wire.isClosed) return this.#join(wire, entered);
      entered?.wire.close();
      wire.close();
      this.#end("closed");
    } catch (error) {
      wire.close();
      this.#end(explain(error as Error, house.log));
    }
  }

  #watch(wire: Wire, watcher: Watcher): void {
    watcher.opened(this);
    wire.tap = (direction, text, kind) => watcher.line(this, direction === "heard" ? "C" : "S", text, kind);
  }

  async #readProxyHeader(wire: Wire): Promise<void> {
    const deadline = startDeadline(PROXY_TIME, () => wire.fail("no PROXY header in time"));
    try {
      this.client = (await readProxyHeader(wire)) ?? this.client;
    } finally {
      clearDeadline(deadline);
    }
  }

  /** Throws WireClosed when there is no room. */
  #enterDoor(wire: Wire): void {
    const evict = (): void => wire.fail("made room for newer connections");
    const ticket = this.house.door.enter(this.client.address, evict);
    if (typeof ticket !== "string") return void (this.#ticket = ticket);
    // Under implicit TLS a handshake only to say no would make the flood dearer for us than for its sender.
    if (!this.house.implicitTls) wire.write(protocols[this.protocol].busy(ticket));
    throw new WireClosed(ticket);
  }

  #tooSlow(wire: Wire): void {
    wire.write(protocols[this.protocol].tooSlow);
    wire.fail("took too long to log on");
  }

  /** From here on bytes pass unread. What served the dialogue is let go of. */
  #join(wire: Wire, entered: Entered): void {
    const { house } = this;
    if (this.#deadline) clearDeadline(this.#deadline);
    this.#deadline = undefined;
    if (this.#ticket) house.door.seat(this.#ticket);
    this.#wire = undefined;
    this.tls = undefined;
    const tap =
      house.watcher && ((from: "client" | "backend", bytes: Buffer) => house.watcher!.relayed(this, from, bytes));
    const done = (end: RelayEnd): void => this.#end(end.why, end);
    this.#relay = relay(wire.release(), entered.wire.release(), house.idle, done, tap);
  }

  #end(why: string, bytes?: RelayEnd): void {
    if (this.#deadline) clearDeadline(this.#deadline);
    if (this.#ticket) this.house.door.leave(this.#ticket);
    const seconds = (Date.now() - this.#started) / 1000;
    this.house.watcher?.closed(this, why);
    logSession(this, why, seconds, bytes);
    this.#gone(this);
  }
}

/** The session's one line. */
function logSession(stay: Stay, why: string, seconds: number, bytes?: RelayEnd): void {
  const { lastAttempt, house } = stay;
  const outcome = lastAttempt?.outcome;
  const entered = outcome?.kind === "entered" ? outcome : undefined;
  const level =
    outcome?.kind === "refused" || outcome?.kind === "judge-unavailable" || outcome?.kind === "unavailable"
      ? "warn"
      : "info";
  house.log.write(level, entered ? "session" : outcome ? "logon failed" : "no logon", {
    session: stay.id,
    listener: house.listener,
    client: stay.client.address,
    tls: stay.secure,
    mechanism: lastAttempt?.mechanism,
    scheme: entered?.scheme,
    appPassword: entered?.appPassword,
    // NTLM: the rule that refused it, or the exception without which one would have.
    rule: lastAttempt?.ntlm?.refusedBy,
    exception: lastAttempt?.ntlm?.exception,
    user: entered?.user ?? (lastAttempt?.claimed.slice(0, NAME_LIMIT) || undefined),
    backend: outcome && "backend" in outcome ? outcome.backend : undefined,
    result: outcome?.kind,
    status: outcome?.kind === "denied" && outcome.status !== undefined ? ntStatusName(outcome.status) : undefined,
    why: outcome && "why" in outcome ? outcome.why : undefined,
    failures: stay.failures || undefined,
    up: bytes?.up,
    down: bytes?.down,
    seconds,
    end: why,
  });
}

function explain(error: Error, log: Log): string {
  if (error instanceof WireClosed || error instanceof ProxyHeaderError) return error.message;
  // Anything else is a fault of ours: it costs this client its connection, and nobody else anything.
  log.write("error", "internal fault", { fault: error.stack ?? error.message });
  return "internal fault";
}
