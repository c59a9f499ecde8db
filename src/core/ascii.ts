/**
 * The ordinary case of almost every text that a client sends, told without a pattern: a name is looked at half a dozen
 * times in a logon, and each pattern is a program of its own that is in no cache.
 */

/** Seven bits in every character. */
export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** Blank to tilde, no controls; nothing at all, too. */
export function isPrintableAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
