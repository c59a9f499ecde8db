/** UpperCase() of MS-NLMP section 6, which names no table: Windows' own way, and the ways of clients that differ. */

/**
 * Windows' way: every UTF-16 unit by itself and to one unit only, so that ß stays ß and letters outside the basic
 * plane stay what they are.
 */
export function upperCaseSimple(text: string): string {
  if (isAscii(text)) return text.toUpperCase();
  let upper = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charAt(i);
    const mapped = unit.toUpperCase();
    upper += mapped.length === 1 ? mapped : unit;
  }
  return upper;
}

/** Unicode's full mapping (ß becomes SS): impacket, ntlm-auth and libunistring upper-case like this. */
export function upperCaseFull(text: string): string {
  return text.toUpperCase();
}

/**
 * Samba's way: as Windows', but a letter outside ASCII never becomes one inside, so that the Turkish ı and the long ſ stay.
 */
export function upperCaseWithinScript(text: string): string {
  return text.replace(/[^ıſ]+/g, upperCaseSimple);
}

/** Only a to z, as C's toupper() in the C locale does. */
export function upperCaseAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/**
 * Every way to upper-case a user name that a known client uses, without repetition, Windows' first. An ASCII name has
 * exactly one: a client that does not upper-case at all is refused.
 */
export function upperCaseVariants(user: string): readonly string[] {
  const simple = upperCaseSimple(user);
  if (isAscii(user)) return [simple];
  return [...new Set([simple, upperCaseFull(user), upperCaseWithinScript(user), upperCaseAscii(user), user])];
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
