/** Positive answers about tokens for a short while (RFC 7662 section 4), by SHA-256 of the token: no token is kept. */
import { createHash } from "node:crypto";
import { secondsOf } from "./seconds.ts";
import type { Claims } from "./reading.ts";

/** Each answer has some kilobytes at most. */
const ENTRIES = 1024;

interface Entry {
  readonly claims: Claims;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export class AnswerCache {
  readonly #entries = new Map<string, Entry>();
  readonly #span: number;
  readonly #now: () => number;

  /** `span`: milliseconds; a token's `exp` ends it sooner. */
  constructor(span: number, now: () => number) {
    this.#span = span;
    this.#now = now;
  }

  get(token: string): Claims | undefined {
    const key = keyOf(token);
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#now() < entry.until) return entry?.claims;
    this.#entries.delete(key);
    return undefined;
  }

  /** The oldest answer makes room. */
  put(token: string, claims: Claims): void {
    const expires = secondsOf(claims["exp"]);
    const until = Math.min(this.#now() + this.#span, expires === undefined ? Infinity : expires * 1000);
    if (until <= this.#now()) return;
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(keyOf(token), { claims, until });
  }
}

function keyOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
