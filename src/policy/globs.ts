/** User names against globs, without regular expressions: `*` is any text, `?` one character, case does not matter. */
import type { NtlmNames } from "../core/evidence.ts";
import { splitName } from "../core/identity.ts";

export type UserTest = (names: readonly NtlmNames[]) => boolean;

/** Compiles patterns of names alone, `DOMAIN\name` or `name@domain`. */
export function makeUserTest(patterns: readonly string[]): UserTest {
  const plain = new Set<string>();
  const others: Pattern[] = [];
  for (const pattern of patterns) {
    const { user, domain } = splitName(pattern.toLowerCase());
    if (domain === undefined && !/[*?]/.test(user)) plain.add(user);
    else others.push({ user, domain });
  }
  const fits = (claim: Claim) => plain.has(claim.user) || others.some((pattern) => isMatch(pattern, claim));
  return (names) => names.some((name) => fits(claimOf(name)));
}

interface Pattern {
  readonly user: string;
  readonly domain: string | undefined;
}

interface Claim {
  readonly user: string;
  /** The domain in the user field, and the one beside it. */
  readonly domains: readonly string[];
}

function claimOf({ user, domain }: NtlmNames): Claim {
  const split = splitName(user.toLowerCase());
  const beside = domain.toLowerCase();
  return { user: split.user, domains: split.domain === undefined ? [beside] : [split.domain, beside] };
}

function isMatch({ user, domain }: Pattern, claim: Claim): boolean {
  return (
    isGlobMatch(user, claim.user) && (domain === undefined || claim.domains.some((each) => isGlobMatch(domain, each)))
  );
}

/** In at most pattern times text steps: after a mismatch only the last `*` is tried one character longer. */
export function isGlobMatch(pattern: string, text: string): boolean {
  let [at, star, resume] = [0, -1, 0];
  for (let position = 0; position < text.length;) {
    if (pattern[at] === "*") {
      star = at++;
      resume = position;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
