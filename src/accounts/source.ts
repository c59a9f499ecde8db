/** Where accounts come from, as far as the judge must know: a file, a database or a directory answers these questions. */
import type { Answer } from "../core/answer.ts";
import type { Unavailable } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import type { Account } from "./account.ts";

/** The name that a client gave, whole and taken apart. */
export interface SoughtName {
  /** One string as the client wrote it: `alice`, `alice@example.com`, `EXAMPLE\alice`. */
  readonly name: string;
  /** Without a domain: `alice`. */
  readonly user: string;
  /** As the client wrote it, the server's own one too; undefined where it named none. */
  readonly domain: string | undefined;
}

/** Nobody: an empty list. */
export type Found = readonly Account[] | Unavailable;

export interface AccountSource {
  /**
   * The accounts that can be meant by the name, without regard to case: those whose user name it is, in any domain. The
   * judge chooses among them by the domain, so that a source need not know which domains are the server's. Never rejects.
   */
  find(sought: SoughtName, visit: Visit): Answer<Found>;
  /**
   * All accounts, where the source has them in memory; the same array as long as nothing has changed. Without it, what
   * unknown names are measured against and how they look is learned from the accounts that were found.
   */
  accounts?(): readonly Account[];
  close?(): void | Promise<void>;
}

export function isUnavailable(found: Found): found is Unavailable {
  return "kind" in found;
}
