/** The five ways to answer a challenge, and how strong they are (MS-NLMP 3.3, LmCompatibilityLevel in 3.1.1.1). */

export type Scheme = "NTLMv2" | "LMv2" | "NTLM2 session" | "NTLMv1" | "LM";

/** The weakest response that is accepted. */
export type Minimum = "v2" | "v1-ess" | "v1" | "lm";

const MINIMUM_FOR: Readonly<Record<Scheme, Minimum>> = {
  NTLMv2: "v2",
  LMv2: "v2",
  "NTLM2 session": "v1-ess",
  NTLMv1: "v1",
  LM: "lm",
};

export function isScheme(name: string | undefined): name is Scheme {
  return name !== undefined && Object.hasOwn(MINIMUM_FOR, name);
}

const WEAKEST_FIRST: readonly Minimum[] = ["lm", "v1", "v1-ess", "v2"];

export function isAllowed(scheme: Scheme, minimum: Minimum): boolean {
  return WEAKEST_FIRST.indexOf(MINIMUM_FOR[scheme]) >= WEAKEST_FIRST.indexOf(minimum);
}

/** The strictest minimum under which the scheme is still accepted. */
export function minimumFor(scheme: Scheme): Minimum {
  return MINIMUM_FOR[scheme];
}

/** The weakest of at least one minimum. */
export function weakest(minima: readonly Minimum[]): Minimum {
  return WEAKEST_FIRST.find((minimum) => minima.includes(minimum))!;
}

/** The stronger of two minimums. */
export function stronger(a: Minimum, b: Minimum): Minimum {
  return WEAKEST_FIRST.indexOf(a) > WEAKEST_FIRST.indexOf(b) ? a : b;
}
