/** What someone who looks on may hear of every visit; nobody does in production. */
import type { Visit } from "../core/visit.ts";

/** A voice of a dialogue: client or server. */
export type Voice = "C" | "S";

/** How an attempt to log on ended, as far as an onlooker cares. */
export interface WatchedAttempt {
  readonly mechanism: string;
  /** The name as the client sent it. */
  readonly claimed: string;
  readonly outcome: {
    readonly kind: string;
    readonly why?: string | undefined;
    readonly user?: string | undefined;
    readonly scheme?: string | undefined;
  };
}

export interface Watcher {
  opened(visit: Visit): void;
  /** A line or literal before logon, as it was on the wire, secrets and all: showing it safely is the watcher's duty. */
  line(visit: Visit, voice: Voice, text: string, kind: "line" | "literal"): void;
  attempted(visit: Visit, attempt: WatchedAttempt): void;
  /** Bytes after logon. */
  relayed(visit: Visit, from: "client" | "backend", bytes: Buffer): void;
  closed(visit: Visit, why: string): void;
}
