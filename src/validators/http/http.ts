/** Validator `http`: a web service of the operator's own judges logons, or says what it keeps of an account. */
import type { Validator } from "../../core/validator.ts";
import { lookupJudge } from "./lookup.ts";
import type { HttpOptions } from "./options.ts";
import { serviceAt } from "./service.ts";
import { verifier } from "./verify.ts";

export type { Authentication, HttpOptions, VerifyMechanism, Work } from "./options.ts";

/** Asks nobody before the first logon. Throws Error with a sentence for the administrator. */
export function httpValidator(options: HttpOptions): Validator {
  const { work } = options;
  const service = serviceAt(options);
  return work.mode === "verify"
    ? verifier(service, { ...options, mechanisms: work.mechanisms })
    : lookupJudge(service, options, work.mechanisms);
}
