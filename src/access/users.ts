/** User names against globs in any case: `*` is any text, `?` one character. */
import { glob } from "../core/glob.ts";
import { domainsOf, splitName, type Identity } from "../core/identity.ts";

/** The first pattern that fits, as it was given. */
export type FindUser = (identity: Identity) => string | undefined;

/** Compiles names alone, which are of any domain, and names with one: `EXAMPLE\scan*`, `*@example.com`. */
export function userFinder(patterns: readonly string[]): FindUser {
  const compiled = patterns.map((given) => ({ given, fits: compile(given) }));
  return (identity) => compiled.find(({ fits }) => fits(identity))?.given;
}

function compile(pattern: string): (identity: Identity) => boolean {
  const { user, domain } = splitName(pattern);
  const isUser = glob(user);
  if (domain === undefined) return (identity) => isUser(identity.user);
  const isDomain = glob(domain);
  const isMailbox = pattern.includes("\\") ? () => false : glob(pattern);
  return (identity) => (isUser(identity.user) && domainsOf(identity).some(isDomain)) || isMailbox(identity.mailbox);
}
