/**
 * A validator behind bulkheads: one that is slow, hangs, throws or is down answers `unavailable` in bounded time, and holds
 * up nobody who is judged by another one. Its ways of judging are isolated from each other as well: slow password hashes
 * do not stop NTLM.
 */
import type { Answer } from "../../core/answer.ts";
import type { BearerJudge, KeyJudge, NtlmJudge, Validator } from "../../core/validator.ts";
import type { Unavailable } from "../../core/verdict.ts";
import type { Visit } from "../../core/visit.ts";
import { SYSTEM_CLOCK, type Clock } from "./clock.ts";
import { Compartment } from "./compartment.ts";
import { DEFAULT_LIMITS, type IsolationLimits, type IsolationLog } from "./options.ts";

export { DEFAULT_LIMITS, type IsolationLimits, type IsolationLog } from "./options.ts";

export interface IsolationOptions extends Partial<IsolationLimits> {
  readonly log: IsolationLog;
}

type Ask = <T>(ask: () => Answer<T>, visit: Visit) => Answer<T | Unavailable>;

/** Judges as `validator` does and can do the same, within `options`; each way of judging has limits of its own. */
export function isolated(validator: Validator, options: IsolationOptions, clock: Clock = SYSTEM_CLOCK): Validator {
  const { log, ...limits } = options;
  const compartments: Compartment[] = [];
  const compartment = (judges: string): Ask => {
    const fields = { validator: validator.name, judges };
    const made = new Compartment({ ...DEFAULT_LIMITS, ...limits }, fields, log, clock);
    compartments.push(made);
    return (ask, visit) => made.ask(ask, visit.client.address);
  };
  const { name, ntlm, keys, bearer } = validator;
  return {
    name,
    ...(validator.password && isolatedPassword(validator, compartment("password"))),
    ...(ntlm && { ntlm: isolatedNtlm(ntlm, compartment("ntlm")) }),
    ...(keys && { keys: isolatedKeys(keys, compartment("keys")) }),
    ...(bearer && { bearer: isolatedBearer(bearer, compartment("bearer")) }),
    ...(validator.certificate && isolatedCertificate(validator, compartment("certificate"))),
    async close() {
      await validator.close?.();
      for (const each of compartments) each.close();
    },
  };
}

function isolatedPassword(validator: Validator, ask: Ask): Pick<Validator, "password"> {
  return { password: (evidence, visit) => ask(() => validator.password!(evidence, visit), visit) };
}

function isolatedCertificate(validator: Validator, ask: Ask): Pick<Validator, "certificate"> {
  return { certificate: (evidence, visit) => ask(() => validator.certificate!(evidence, visit), visit) };
}

function isolatedNtlm(ntlm: NtlmJudge, ask: Ask): NtlmJudge {
  return {
    names: (visit) => ntlm.names(visit),
    isBoundToNames: ntlm.isBoundToNames,
    verify: (evidence, visit) => ask(() => ntlm.verify(evidence, visit), visit),
  };
}

/** What accounts have changes while we run: it is asked for each time. */
function isolatedKeys(keys: KeyJudge, ask: Ask): KeyJudge {
  return {
    get kinds() {
      return keys.kinds;
    },
    find: (username, visit) => ask(() => keys.find(username, visit), visit),
    likeness: (mechanism, username) => keys.likeness?.(mechanism, username),
    concluded: (username, verdict, visit) => keys.concluded?.(username, verdict, visit),
  };
}

function isolatedBearer(bearer: BearerJudge, ask: Ask): BearerJudge {
  return {
    get scope() {
      return bearer.scope;
    },
    get openidConfiguration() {
      return bearer.openidConfiguration;
    },
    verify: (evidence, visit) => ask(() => bearer.verify(evidence, visit), visit),
  };
}
