/**
 * One key for all the ways in which clients write an account's name. It is better that two accounts share a count than that
 * one has several: Windows takes `ALICE`, `älice` and `ａｌｉｃｅ` for the same account, and so does the key.
 */
import { isPrintableAscii } from "../core/ascii.ts";
import { NAME_LIMIT, splitName, type AccountName } from "../core/identity.ts";

/** Letters that Windows compares as others, and that Unicode does not decompose. */
const LETTERS: Readonly<Record<string, string>> = {
  Æ: "AE",
  Œ: "OE",
  Ø: "O",
  Ł: "L",
  Đ: "D",
  Ð: "D",
  Þ: "TH",
  Ħ: "H",
  Ŧ: "T",
};

/** Marks, format characters and blanks: what a comparison of names can pass over. */
const PASSED_OVER = /[\p{M}\p{Cf}\p{Z}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu;

/** Lower case, without marks, width and whatever cannot be seen. */
export function foldName(name: string): string {
  if (isPrintableAscii(name) && !name.includes(" ")) return name.toLowerCase();
  const plain = name.slice(0, NAME_LIMIT).normalize("NFKD").toUpperCase().normalize("NFKD");
  const letters = plain.replace(/[ÆŒØŁĐÐÞĦŦ]/g, (letter) => LETTERS[letter] ?? letter);
  return letters.replace(PASSED_OVER, "").toLowerCase();
}

/**
 * `realm` is whose accounts they are. With `anyDomain` a name is the same account in whatever domain: a directory that
 * counts failures finds it under many.
 */
export function accountKey(realm: string, name: AccountName, anyDomain: boolean): string {
  const { user, domain } = innermost(name);
  const folded = foldName(user);
  const isWhole = anyDomain || domain === undefined;
  return `${realm}\n${(isWhole ? folded : `${folded}@${foldName(domain)}`).slice(0, NAME_LIMIT)}`;
}

/** The account's name out of its key, for people to read. */
export function nameOfKey(key: string): string {
  return key.slice(key.indexOf("\n") + 1);
}

/** Whether the client gave no name. */
export function isNameless(key: string): boolean {
  return key.endsWith("\n");
}

/** `EXAMPLE\alice@example.com` names two domains; the inner one is nearer to the account. */
function innermost(outer: AccountName): AccountName {
  const inner = splitName(outer.user);
  return inner.domain === undefined ? outer : inner;
}
