/** Text from clients, made fit to be kept and shown: bounded, without anything that moves a terminal's cursor. */

/** Controls, and the marks that make a line of text read in another order than it stands (Unicode TR 36, section 3.3). */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const EVERY_UNFIT = new RegExp(UNFIT, "g");

/** At most `limit` UTF-16 units; what is unfit becomes U+FFFD. */
export function clean(text: string, limit: number): string {
  const short = text.length > limit ? text.slice(0, limit) : text;
  return UNFIT.test(short) || !short.isWellFormed() ? short.toWellFormed().replace(EVERY_UNFIT, "\ufffd") : short;
}

/** The same text on its own: V8 lets a short slice keep the long string alive that it was cut from. */
export function detach(text: string): string {
  return Buffer.from(text).toString();
}
