/** What clients of the sandbox do, as typed events for tests; secrets are hidden as they are on the sandbox's terminal. */
import type { Peer, ProtocolName, Visit } from "../../core/visit.ts";
import { Dialogue } from "../../observe/dialogue.ts";
import type { Voice, Watcher } from "../../observe/watcher.ts";

interface Place {
  /** One for each connection. */
  readonly session: string;
  readonly protocol: ProtocolName;
  /** The port's name, such as "imaps". */
  readonly listener: string;
}

export type SandboxEvent =
  | (Place & { readonly event: "connected"; readonly client: Peer; readonly tls: boolean })
  /** A line of the dialogue before logon. */
  | (Place & { readonly event: "line"; readonly voice: Voice; readonly text: string })
  /** An attempt to log on has ended. */
  | (Place & {
      readonly event: "verdict";
      readonly mechanism: string;
      /** The name as the client sent it. */
      readonly claimed: string;
      readonly result: SandboxResult;
      readonly user: string | undefined;
      /** NTLM: which response was right. */
      readonly scheme: string | undefined;
      readonly why: string | undefined;
    })
  | (Place & { readonly event: "relayed"; readonly from: "client" | "backend"; readonly bytes: number })
  | (Place & { readonly event: "closed"; readonly why: string });

/** "unavailable": neither let in nor refused, because the sandbox could not. */
export type SandboxResult = "accepted" | "denied" | "cancelled" | "malformed" | "unavailable";

export type SandboxEventKind = SandboxEvent["event"];
export type EventOf<K extends SandboxEventKind> = Extract<SandboxEvent, { readonly event: K }>;

/** A test that makes more has other worries. */
const EVENT_LIMIT = 10_000;

interface Waiter {
  readonly suits: (event: SandboxEvent) => boolean;
  readonly hear: (event: SandboxEvent) => void;
}

/** Keeps events, and hands each to at most one who waits for it. */
export class EventLog {
  readonly events: SandboxEvent[] = [];
  readonly watcher: Watcher = this.#watcher();
  readonly #taken = new WeakSet<SandboxEvent>();
  readonly #waiters = new Set<Waiter>();

  /** Rejects after `timeout` milliseconds. */
  next<K extends SandboxEventKind>(
    kind: K,
    timeout: number,
    where: (event: EventOf<K>) => boolean,
  ): Promise<EventOf<K>> {
    const suits = (event: SandboxEvent) => event.event === kind && where(event as EventOf<K>);
    const past = this.events.find((event) => !this.#taken.has(event) && suits(event));
    if (past) {
      this.#taken.add(past);
      return Promise.resolve(past as EventOf<K>);
    }
    return new Promise((resolve, reject) => {
      const hear = (event: SandboxEvent) => {
        clearTimeout(timer);
        resolve(event as EventOf<K>);
      };
      const waiter: Waiter = { suits, hear };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`no ${kind} within ${timeout} ms; ${this.#summary()}`));
      }, timeout);
      this.#waiters.add(waiter);
    });
  }

  /** For the message of a test that waited in vain. */
  #summary(): string {
    const words = this.events.map((event) => (event.event === "verdict" ? `verdict ${event.result}` : event.event));
    return words.length === 0 ? "nothing has happened" : `so far: ${words.slice(-SHOWN).join(", ")}`;
  }

  #add(event: SandboxEvent): void {
    this.events.push(event);
    if (this.events.length > EVENT_LIMIT) this.events.shift();
    for (const waiter of this.#waiters) {
      if (!waiter.suits(event)) continue;
      this.#waiters.delete(waiter);
      this.#taken.add(event);
      return waiter.hear(event);
    }
  }

  #watcher(): Watcher {
    const dialogues = new WeakMap<Visit, Dialogue>();
    return {
      opened: (visit) => {
        dialogues.set(visit, new Dialogue(visit.protocol));
        this.#add({ event: "connected", ...placeOf(visit), client: visit.client, tls: visit.secure });
      },
      line: (visit, voice, text, kind) => {
        const shown = dialogues.get(visit)?.hear(voice, text, kind);
        if (shown) this.#add({ event: "line", ...placeOf(visit), voice: shown.voice, text: shown.text });
      },
      attempted: (visit, { mechanism, claimed, outcome: { kind, why, user, scheme } }) => {
        const result = RESULTS.get(kind) ?? "unavailable";
        this.#add({ event: "verdict", ...placeOf(visit), mechanism, claimed, result, user, scheme, why });
      },
      relayed: (visit, from, bytes) => this.#add({ event: "relayed", ...placeOf(visit), from, bytes: bytes.length }),
      closed: (visit, why) => this.#add({ event: "closed", ...placeOf(visit), why }),
    };
  }
}

/** By the outcomes of the gateway. */
const RESULTS: ReadonlyMap<string, SandboxResult> = new Map([
  ["entered", "accepted"],
  ["denied", "denied"],
  ["cancelled", "cancelled"],
  ["malformed", "malformed"],
]);

/** Events named at the end of a message. */
const SHOWN = 12;

function placeOf({ id, protocol, listener }: Visit): Place {
  return { session: id, protocol, listener };
}
