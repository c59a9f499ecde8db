/** A password in clear against what is kept of it: the NT hash, or a slow hash in a worker thread. */
import { whenKnown, type Answer } from "../core/answer.ts";
import type { PasswordEvidence } from "../core/evidence.ts";
import { isPlausibleName } from "../core/identity.ts";
import type { Unavailable, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { ntHash } from "../ntlm/hashes.ts";
import type { Account } from "./account.ts";
import type { AppPassword } from "./app-password.ts";
import { conclude, NOBODY, refuse } from "./conclude.ts";
import type { Decoys } from "./decoys.ts";
import type { HashPool } from "./hash-pool.ts";
import type { StoredPassword } from "./hashes/hashes.ts";
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

export function judgePassword(
  { username, password }: PasswordEvidence,
  visit: Visit,
  judge: PasswordJudge,
): Answer<Verdict> {
  const text = password.reveal();
  if (!isPlausibleName(username))
    return refuse("the name is empty, too long or has control characters", "INVALID_ACCOUNT_NAME");
  if (text === "" || text.length > PASSWORD_LIMIT || text.includes("\0"))
    return refuse("the password is empty, too long or has a NUL", "ILL_FORMED_PASSWORD");
  return whenKnown(judge.named(username, visit), (account) => {
    if (account !== undefined && "kind" in account) return account;
    const right = whatIsRight(account ?? judge.decoys.decoyOf(username), text, judge.pool);
    return whenKnown(right, (known) => verdictOn(account, known, visit, judge.now()));
  });
}

function verdictOn(account: Account | undefined, right: Right, visit: Visit, now: Date): Verdict {
  if (right === undefined) return BUSY;
  if (account === undefined) return NOBODY;
  if (right === "nothing") return refuse("wrong password", "WRONG_PASSWORD", account);
  return conclude(account, { visit, now, by: right === "the password" ? undefined : right });
}

/** undefined when nobody could look. */
type Right = "the password" | AppPassword | "nothing" | undefined;

/** RFC 4616 refuses what SASLprep does; whoever chose such a password may use it here. */
function whatIsRight(account: Account | undefined, password: string, pool: HashPool): Answer<Right> {
  if (account === undefined) return "nothing";
  const spellings = spellingsOf(password);
  for (const spelling of spellings) {
    const right = rightByNtHash(account, spelling);
    if (right !== "nothing") return right;
  }
  // The NT hash is a hash of the same password: who has one has been judged.
  const stored = account.nt === undefined ? account.password : undefined;
  return stored?.kind === "slow" ? rightBySlowHash(stored, spellings, pool) : "nothing";
}

/**
 * In microseconds. A wrong password is held against everything that the account has, so that its time does not say what
 * came near.
 */
function rightByNtHash({ nt, appPasswords }: Account, password: string): AppPassword | "the password" | "nothing" {
  if (nt === undefined && appPasswords.length === 0) return "nothing";
  const hash = ntHash(password);
  const isMain = nt !== undefined && isSame(hash, nt);
  let app: AppPassword | undefined;
  for (const each of appPasswords) if (isSame(hash, each.nt)) app ??= each;
  return isMain ? "the password" : (app ?? "nothing");
}

async function rightBySlowHash(
  { scheme, text }: Extract<StoredPassword, { kind: "slow" }>,
  spellings: readonly string[],
  pool: HashPool,
): Promise<Right> {
  for (const password of spellings) {
    const isRight = await pool.verify({ scheme, text, password });
    if (isRight !== false) return isRight && "the password";
  }
  return "nothing";
}
