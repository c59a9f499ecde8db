/** SASLprep (RFC 4013), the stringprep profile for names and passwords: a few spellings of one text become the same one. */
import prepare from "@mongodb-js/saslprep";
import { isPrintableAscii } from "../core/ascii.ts";

/**
 * Whether code points that Unicode 3.2 does not assign may be in the text (RFC 3454 section 7): in a query, which is only
 * compared with what is stored, they may; in what is stored they may not.
 */
export type PreparedFor = "query" | "storage";

/**
 * The prepared text; undefined where preparation fails (prohibited or unassigned code points, mixed directions) or leaves
 * nothing, which RFC 4616 section 2 and RFC 5802 section 5.1 treat alike.
 */
export function saslprep(text: string, purpose: PreparedFor): string | undefined {
  // Prepared already, and the most common case: printable ASCII maps to itself.
  if (text !== "" && isPrintableAscii(text)) return text;
  try {
    const prepared = prepare(text, { allowUnassigned: purpose === "query" });
    return prepared === "" ? undefined : prepared;
  } catch {
    return undefined; // The package says by various errors what it does not like, and fails on its own empty results.
  }
}
