/** A password in clear against what is kept of it: the NT hash, or a slow hash in a worker thread. */
import type { PasswordEvidence } from "../core/evidence.ts";
import { isPlausibleName } from "../core/identity.ts";
import type { Unavailable, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { ntHash } from "../ntlm/hashes.ts";
import type { Account } from "./account.ts";
import { conclude, NOBODY, refuse } from "./conclude.ts";
import type { Decoys } from "./decoys.ts";
import type { HashPool, Outcome } from "./hash-pool.ts";
import { isSame } from "./hashes/scheme.ts";
import { spellingsOf, type Lookup } from "./names.ts";

export interface PasswordJudge {
  readonly named: Lookup;
  readonly decoys: Decoys;
  readonly pool: HashPool;
  readonly now: () => Date;
}

/** crypt(3) costs grow with the length; nobody types this much. */
const PASSWORD_LIMIT = 1024;
const BUSY: Unavailable = {
  kind: "unavailable",
  why: "the password could not be checked: too many checks are waiting",
};

export async function judgePassword(
  { username, password }: PasswordEvidence,
  visit: Visit,
  { named, decoys, pool, now }: PasswordJudge,
): Promise<Verdict> {
  const text = password.reveal();
  if (!isPlausibleName(username))
    return refuse("the name is empty, too long or has control characters", "INVALID_ACCOUNT_NAME");
  if (text === "" || text.length > PASSWORD_LIMIT || text.includes("\0"))
    return refuse("the password is empty, too long or has a NUL", "ILL_FORMED_PASSWORD");
  const account = await named(username, visit);
  if (account !== undefined && "kind" in account) return account;
  const isRight = await checkPassword(account ?? decoys.decoyOf(username), text, pool);
  if (isRight === undefined) return BUSY;
  if (account === undefined) return NOBODY;
  if (!isRight) return refuse("wrong password", "WRONG_PASSWORD", account);
  return conclude(account, { visit, now: now() });
}

/** RFC 4616 refuses what SASLprep does; whoever chose such a password may use it here. */
async function checkPassword(account: Account | undefined, password: string, pool: HashPool): Promise<Outcome> {
  if (account === undefined) return false;
  for (const spelling of spellingsOf(password)) {
    const outcome = await checkSpelling(account, spelling, pool);
    if (outcome !== false) return outcome;
  }
  return false;
}

/** The NT hash is a hash of the same password, and checked in microseconds. */
async function checkSpelling(account: Account, password: string, pool: HashPool): Promise<Outcome> {
  if (account.nt !== undefined) return isSame(ntHash(password), account.nt);
  if (account.password?.kind !== "slow") return false;
  return pool.verify({ scheme: account.password.scheme, text: account.password.text, password });
}
