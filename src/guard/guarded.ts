/**
 * A validator behind the guard: it is asked only when the guard lets it, and the guard hears what it says. A refusal of the
 * guard looks like one of the validator's, and takes as long.
 */
import { answerOf, isPending, whenKnown, type Answer } from "../core/answer.ts";
import type { BearerJudge, KeyJudge, KeysFound, NtlmJudge, Validator } from "../core/validator.ts";
import type { Denied, Unavailable, Unknown, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import type { Attempt, Guard, Permission, Refusal } from "./guard.ts";
import { Pace } from "./pace.ts";

export interface GuardedOptions {
  /** The source counts failures and locks accounts itself (a domain): they are kept below the guard's budget. */
  readonly locksAccounts?: boolean | undefined;
}

type Question = Pick<Attempt, "names" | "isGuess" | "secret">;
type Judge = (question: Question, visit: Visit, ask: () => Answer<Verdict>) => Answer<Verdict>;

/** Can do what `validator` can. */
export function guarded(validator: Validator, guard: Guard, { locksAccounts }: GuardedOptions = {}): Validator {
  const { name, ntlm, keys, bearer } = validator;
  // Written out: a spread of the question would cost more than all counting.
  const attempt = ({ names, isGuess, secret }: Question, visit: Visit): Attempt => ({
    names,
    isGuess,
    secret,
    address: visit.client.address,
    realm: name,
    budget: locksAccounts ? guard.rules.budget : undefined,
  });
  const judgeBy = (): Judge => {
    const pace = new Pace(guard.clock);
    return (question, visit, ask) => judge(attempt(question, visit), guard, pace, ask);
  };
  return {
    name,
    ...(validator.password && guardedPassword(validator, judgeBy())),
    ...(ntlm && { ntlm: guardedNtlm(ntlm, judgeBy()) }),
    ...(keys && {
      keys: guardedKeys(keys, guard, (question, visit) => ({ ...attempt(question, visit), budget: undefined })),
    }),
    ...(bearer && { bearer: guardedBearer(bearer, judgeBy()) }),
    ...(validator.certificate && guardedCertificate(validator, judgeBy())),
    close: async () => validator.close?.(),
  };
}

function judge(attempt: Attempt, guard: Guard, pace: Pace, ask: () => Answer<Verdict>): Answer<Verdict> {
  return whenKnown(guard.before(attempt), (permission) =>
    permission.kind === "refused" ? refuse(permission, pace) : listen(permission, guard, pace, ask),
  );
}

async function refuse(refusal: Refusal, pace: Pace): Promise<Verdict> {
  await pace.keep();
  return verdictOf(refusal);
}

/** Asks, and lets the guard hear what is said; a validator that throws has said nothing. */
function listen(permission: Permission, guard: Guard, pace: Pace, ask: () => Answer<Verdict>): Answer<Verdict> {
  const started = performance.now();
  const said = (verdict: Verdict): Verdict => {
    guard.after(permission, verdict);
    if (verdict.kind === "denied" || verdict.kind === "unknown") pace.learn(performance.now() - started);
    return verdict;
  };
  const threw = (error: unknown): never => {
    guard.after(permission, undefined);
    throw error;
  };
  const answer = answerOf(ask);
  return isPending(answer) ? answer.then(said, threw) : said(answer);
}

function verdictOf({ reason, why }: Refusal): Denied | Unavailable {
  if (reason === "busy") return { kind: "unavailable", why };
  return { kind: "denied", reason: reason === "repeated" ? "bad-credentials" : "guarded", why };
}

function guardedPassword(validator: Validator, by: Judge): Pick<Validator, "password"> {
  return {
    password: (evidence, visit) => {
      const question = { names: [evidence.username], isGuess: true, secret: evidence.password };
      return by(question, visit, () => validator.password!(evidence, visit));
    },
  };
}

/** The same password makes another response each time: each counts. */
function guardedNtlm(ntlm: NtlmJudge, by: Judge): NtlmJudge {
  return {
    names: (visit) => ntlm.names(visit),
    isBoundToNames: ntlm.isBoundToNames,
    verify: (evidence, visit) => {
      const names = evidence.names.map(({ user, domain }) => (domain === "" ? user : `${domain}\\${user}`));
      return by({ names, isGuess: true, secret: undefined }, visit, () => ntlm.verify(evidence, visit));
    },
  };
}

function guardedBearer(bearer: BearerJudge, by: Judge): BearerJudge {
  return {
    get scope() {
      return bearer.scope;
    },
    get openidConfiguration() {
      return bearer.openidConfiguration;
    },
    verify: (evidence, visit) => {
      const question = { names: [evidence.username], isGuess: false, secret: evidence.token };
      return by(question, visit, () => bearer.verify(evidence, visit));
    },
  };
}

/** TLS has verified the certificate: there is nothing to guess, only something to ask for. */
function guardedCertificate(validator: Validator, by: Judge): Pick<Validator, "certificate"> {
  return {
    certificate: (evidence, visit) => {
      const { authzid, certificate } = evidence;
      const names = [authzid === "" ? certificate.fingerprint : authzid];
      const question = { names, isGuess: false, secret: undefined };
      return by(question, visit, () => validator.certificate!(evidence, visit));
    },
  };
}

/**
 * The proof comes after the keys. Who is refused gets the account's own keys nevertheless, for others would look different,
 * and is refused with whatever proof. Keys come from stores that lock nobody: no budget is needed.
 */
function guardedKeys(keys: KeyJudge, guard: Guard, attemptOf: (question: Question, visit: Visit) => Attempt): KeyJudge {
  const permissions = new WeakMap<Visit, Permission>();
  return {
    get kinds() {
      return keys.kinds;
    },
    likeness: (mechanism, username) => keys.likeness?.(mechanism, username),
    find: async (username, visit) => {
      const question = { names: [username], isGuess: true, secret: undefined };
      const permission = await guard.before(attemptOf(question, visit));
      if (permission.kind === "permitted") permissions.set(visit, permission);
      else permissions.delete(visit);
      const found = await keys.find(username, visit);
      return permission.kind === "refused" ? refuseKeys(found, permission) : found;
    },
    concluded: (username, verdict, visit) => {
      keys.concluded?.(username, verdict, visit);
      const permission = permissions.get(visit);
      permissions.delete(visit);
      if (permission) guard.after(permission, verdict);
    },
  };
}

function refuseKeys(found: KeysFound | Unknown | Unavailable, { why }: Refusal): KeysFound | Unknown | Unavailable {
  if (found.kind !== "keys") return found;
  return { ...found, verdict: { kind: "denied", reason: "guarded", why } };
}
