/** User names, as an NTLM client sends them, against globs in any case. */
import type { NtlmNames } from "../core/evidence.ts";
import { glob } from "../core/glob.ts";
import { splitName } from "../core/identity.ts";

export type UserTest = (names: readonly NtlmNames[]) => boolean;

/** Compiles patterns of names alone, `DOMAIN\name` or `name@domain`. */
export function makeUserTest(patterns: readonly string[]): UserTest {
  const plain = new Set<string>();
  const others: Pattern[] = [];
  for (const pattern of patterns) {
    const { user, domain } = splitName(pattern.toLowerCase());
    if (domain === undefined && !/[*?]/.test(user)) plain.add(user);
    else others.push({ isUser: glob(user), isDomain: domain === undefined ? undefined : glob(domain) });
  }
  const fits = (claim: Claim) => plain.has(claim.user) || others.some((pattern) => isMatch(pattern, claim));
  return (names) => names.some((name) => fits(claimOf(name)));
}

interface Pattern {
  readonly isUser: (text: string) => boolean;
  readonly isDomain: ((text: string) => boolean) | undefined;
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

function isMatch({ isUser, isDomain }: Pattern, claim: Claim): boolean {
  return isUser(claim.user) && (isDomain === undefined || claim.domains.some(isDomain));
}
