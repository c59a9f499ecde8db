/** An NTLM response against the accounts that its names can mean: MS-NLMP 3.2.5.1.2. */
import type { NtlmEvidence, NtlmNames } from "../core/evidence.ts";
import { isPlausibleName, splitName } from "../core/identity.ts";
import type { Denied, Unavailable, Unknown, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { lmHash } from "../ntlm/hashes.ts";
import { classifyResponses, verifyResponses, type Hashes, type ResponseMatch } from "../ntlm/responses.ts";
import { isAllowed, type Scheme } from "../ntlm/scheme.ts";
import type { Account } from "./account.ts";
import type { AppPassword } from "./app-password.ts";
import { conclude, refuse } from "./conclude.ts";
import type { Decoys } from "./decoys.ts";
import type { Explain } from "./explain.ts";
import type { IsOurs, NtlmLookup } from "./names.ts";

export interface ResponseJudge {
  readonly meant: NtlmLookup;
  readonly isOurs: IsOurs;
  readonly decoys: Decoys;
  readonly explain: Explain;
  readonly now: () => Date;
  /** What an administrator does about an account without NT hash; empty: nothing to be said. */
  readonly remedy: string;
}

const NOBODY: Unknown = { kind: "unknown", why: "no account of this name" };

export async function judgeNtlm(evidence: NtlmEvidence, visit: Visit, judge: ResponseJudge): Promise<Verdict> {
  const scheme = classifyResponses(evidence);
  if (scheme === undefined) return refuse("there is no response", "LOGON_FAILURE");
  if (!isAllowed(scheme, evidence.minimum)) return tooWeak(scheme);
  const byAccount = await accountsMeant(evidence.names.filter(isPlausible), visit, judge);
  if ("kind" in byAccount) return byAccount;
  let verdict: Verdict | undefined;
  for (const [account, names] of byAccount) {
    verdict = judgeResponses(account, { ...evidence, names }, scheme, visit, judge);
    if (verdict.kind === "accepted") return verdict;
  }
  if (verdict !== undefined) return verdict;
  const decoy = judge.decoys.decoyOf(evidence.names[0]?.user ?? "");
  if (decoy !== undefined) judgeResponses(decoy, evidence, scheme, visit, judge);
  return NOBODY;
}

function tooWeak(scheme: Scheme): Denied {
  return { kind: "denied", reason: "policy", why: `${scheme} is weaker than this listener takes` };
}

function isPlausible({ user, domain }: NtlmNames): boolean {
  return isPlausibleName(user) && (domain === "" || isPlausibleName(domain));
}

/** Each account with the readings of the names that lead to it. */
async function accountsMeant(
  readings: readonly NtlmNames[],
  visit: Visit,
  { meant }: ResponseJudge,
): Promise<Map<Account, NtlmNames[]> | Unavailable> {
  const byAccount = new Map<Account, NtlmNames[]>();
  for (const reading of readings) {
    const account = await meant(reading, visit);
    if (account === undefined) continue;
    if ("kind" in account) return account;
    // A database gives a new record for each question.
    const known = [...byAccount.keys()].find(({ name }) => name === account.name) ?? account;
    byAccount.set(known, [...(byAccount.get(known) ?? []), reading]);
  }
  return byAccount;
}

/** An account without NT hash is measured as well, against nothing that could be right. */
const NO_HASH = new Uint8Array(16);

function judgeResponses(
  account: Account,
  evidence: NtlmEvidence,
  scheme: Scheme,
  visit: Visit,
  judge: ResponseJudge,
): Verdict {
  const hashes = hashesOf(account, evidence);
  const found = whatIsRight(account, hashes, evidence);
  if (found === undefined) {
    const why = judge.explain(account, hashes, evidence, scheme);
    const words = account.nt === undefined ? `the account has no NT hash${judge.remedy}` : why;
    return refuse(words, "WRONG_PASSWORD", account);
  }
  const { match, app } = found;
  const foreign = foreignDomain(match, evidence.names, account, judge.isOurs);
  if (foreign !== undefined)
    return refuse(`the ${match.scheme} response is right, but for domain ${foreign}`, "LOGON_FAILURE", account);
  const proof = { visit, now: judge.now(), workstation: evidence.workstation, byNtlm: true, by: app } as const;
  return conclude(account, proof, match);
}

function hashesOf({ nt, password }: Account, { minimum }: NtlmEvidence): Hashes {
  const lm = minimum === "lm" && password?.kind === "plain" ? lmHash(password.text) : undefined;
  return { nt: nt ?? NO_HASH, ...(lm && { lm }) };
}

interface RightResponse {
  readonly match: ResponseMatch;
  /** undefined: the account's own password. */
  readonly app: AppPassword | undefined;
}

/** A wrong response is held against everything that the account has, so that its time does not say what came near. */
function whatIsRight(account: Account, hashes: Hashes, evidence: NtlmEvidence): RightResponse | undefined {
  const main = verifyResponses(hashes, evidence);
  if (main !== undefined && account.nt !== undefined) return { match: main, app: undefined };
  const [right] = account.appPasswords.flatMap((app) => {
    const match = verifyResponses({ nt: app.nt }, evidence);
    return match === undefined ? [] : [{ match, app }];
  });
  return right;
}

/** The domain that the client named and that is neither the account's nor ours; an empty one is nobody's claim. */
function foreignDomain(
  match: ResponseMatch,
  readings: readonly NtlmNames[],
  { domains }: Account,
  isOurs: IsOurs,
): string | undefined {
  const named = readings.filter(({ user, domain }) => user === match.user && isReadingOf(domain, match.domain));
  const foreign = named.map(({ user, domain }) =>
    [domain, splitName(user).domain ?? ""].find(
      (name) => name !== "" && !domains.includes(name.toLowerCase()) && !isOurs(name.toLowerCase()),
    ),
  );
  return foreign.includes(undefined) ? undefined : (foreign[0] ?? match.domain);
}

/** curl leaves the domain out of the key and some clients upper-case it there, whatever the domain field says. */
function isReadingOf(sent: string, hashed: string): boolean {
  return hashed === "" || sent.toLowerCase() === hashed.toLowerCase();
}
