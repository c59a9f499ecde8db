/**
 * Which passwords have lately been wrong for an account, as keyed hashes: a device with an old password tries it for ever,
 * and that is one failure. The key lives as long as the process and nothing of this is ever written.
 */
import { randomBytes } from "node:crypto";
import { hmac } from "../core/hmac.ts";
import type { Secret } from "../core/secret.ts";
import { Recent } from "./recent.ts";

/** Wrong passwords remembered for an account; the one not seen for longest makes room. */
const SECRETS_EACH = 8;
/** Bytes of a digest: a right password is taken for one of eight wrong ones once in 2^61 times. */
const DIGEST_LENGTH = 8;
/** A device that has not tried for so long begins anew. */
const REMEMBERED = 24 * 3_600_000;

interface Sight {
  /** When the validator has last said that it is wrong. */
  judged: number;
  seen: number;
}

export class WrongSecrets {
  readonly #key = randomBytes(32);
  readonly #accounts: Recent<Map<string, Sight>>;

  /** `limit`: accounts. */
  constructor(limit: number) {
    this.#accounts = new Recent(limit);
  }

  /** Good for comparing within this process, for nothing else. */
  digest(account: string, secret: Secret): string {
    const digest = hmac("sha256", this.#key, JSON.stringify([account, secret.reveal()]));
    return digest.toString("base64", 0, DIGEST_LENGTH);
  }

  /** Without any remembered there is no need for a digest. */
  hasAny(account: string): boolean {
    return this.#accounts.get(account) !== undefined;
  }

  /** Milliseconds since the validator has said so; undefined where this one is not known to be wrong. */
  judgedAgo(account: string, digest: string, now: number): number | undefined {
    const sight = this.#accounts.get(account)?.get(digest);
    if (sight === undefined || now - sight.seen > REMEMBERED) return undefined;
    sight.seen = now;
    return now - sight.judged;
  }

  /** The validator has said that it is wrong. False where that was known. */
  add(account: string, digest: string, now: number): boolean {
    const secrets = this.#accounts.get(account) ?? this.#accounts.set(account, new Map());
    const known = secrets.get(digest);
    secrets.delete(digest);
    secrets.set(digest, { judged: now, seen: now });
    const [oldest] = secrets.keys();
    if (secrets.size > SECRETS_EACH) secrets.delete(oldest!);
    return known === undefined || now - known.seen > REMEMBERED;
  }

  /** It was right after all: it has become the password. */
  remove(account: string, digest: string): void {
    this.#accounts.get(account)?.delete(digest);
  }

  forget(isMeant: (account: string) => boolean): void {
    for (const [account] of [...this.#accounts.entries()]) if (isMeant(account)) this.#accounts.delete(account);
  }
}
