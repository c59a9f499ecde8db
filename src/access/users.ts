/** User names against globs in any case: `*` is any text, `?` one character. */
import { splitName } from "../core/identity.ts";
import type { KnownIdentity } from "./canonical.ts";

/** The first pattern that fits, as it was given. */
export type FindUser = (identity: KnownIdentity) => string | undefined;

/** Compiles names alone, which are of any domain, and names with one: `EXAMPLE\scan*`, `*@example.com`. */
export function userFinder(patterns: readonly string[]): FindUser {
  const compiled = patterns.map((given) => ({ given, fits: compile(given) }));
  return (identity) => compiled.find(({ fits }) => fits(identity))?.given;
}

function compile(pattern: string): (identity: KnownIdentity) => boolean {
  const { user, domain } = splitName(pattern);
  const isUser = glob(user);
  if (domain === undefined) return (identity) => isUser(identity.user);
  const isDomain = glob(domain);
  const isMailbox = pattern.includes("\\") ? () => false : glob(pattern);
  return (identity) => (isUser(identity.user) && domainsOf(identity).some(isDomain)) || isMailbox(identity.mailbox);
}

function domainsOf({ domain, domainNames }: KnownIdentity): readonly string[] {
  return domainNames ?? (domain === undefined ? [] : [domain]);
}

/** No regular expression, so that no pattern can make a name expensive: each piece between stars is sought once. */
function glob(pattern: string): (text: string) => boolean {
  const [first = [], ...others] = pattern
    .toLowerCase()
    .split(/\*+/)
    .map((piece) => [...piece]);
  const last = others.pop();
  return (text) => {
    const letters = [...text.toLowerCase()];
    if (!isAt(first, letters, 0)) return false;
    if (last === undefined) return letters.length === first.length;
    const end = letters.length - last.length;
    let position = first.length;
    for (const piece of others) {
      while (position + piece.length <= end && !isAt(piece, letters, position)) position++;
      position += piece.length;
    }
    return position <= end && isAt(last, letters, end);
  };
}

function isAt(piece: readonly string[], letters: readonly string[], position: number): boolean {
  return piece.every((letter, index) => {
    const other = letters[position + index];
    return other !== undefined && (letter === "?" || letter === other);
  });
}
