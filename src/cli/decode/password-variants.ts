/** Passwords that are nearly the given one: what keyboards, shells, files and clients make of a right password. */
import { base64OfText } from "../../core/base64.ts";
import { encodeOem, type OemCharset } from "../../ntlm/oem.ts";

export interface PasswordVariant {
  /** Completes "computed with ...". */
  readonly what: string;
  readonly text: string;
}

/** Likely ones first, without repetition and without the password itself. */
export function passwordVariants(password: string): readonly PasswordVariant[] {
  const seen = new Set([password]);
  const all = [
    ...lineEnds(password),
    ...cases(password),
    ...spellings(password),
    ...widened(password),
    ...others(password),
  ];
  return all.filter(({ text }) => !seen.has(text) && seen.add(text));
}

function lineEnds(password: string): readonly PasswordVariant[] {
  return [
    { what: "the password and a line feed behind it", text: `${password}\n` },
    { what: "the password and CRLF behind it", text: `${password}\r\n` },
    { what: "the password and a blank behind it", text: `${password} ` },
    { what: "a blank and the password behind it", text: ` ${password}` },
    { what: "the password without the line end behind it", text: password.replace(/[\r\n]+$/, "") },
    { what: "the password without the blanks around it", text: password.trim() },
    { what: "the password and a NUL behind it", text: `${password}\0` },
  ];
}

function cases(password: string): readonly PasswordVariant[] {
  const first = password.slice(0, 1);
  const swap = (text: string) => (text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase());
  return [
    { what: "the password with Caps Lock on", text: [...password].map(swap).join("") },
    { what: "the password in lower case", text: password.toLowerCase() },
    { what: "the password in upper case", text: password.toUpperCase() },
    { what: "the password with its first letter in the other case", text: swap(first) + password.slice(1) },
  ];
}

function spellings(password: string): readonly PasswordVariant[] {
  return [
    { what: "the password in Unicode's composed form (NFC)", text: password.normalize("NFC") },
    { what: "the password in Unicode's decomposed form (NFD), as macOS writes it", text: password.normalize("NFD") },
    { what: "the password in compatibility form (NFKC), as SASLprep makes it", text: password.normalize("NFKC") },
    { what: "the password in quotation marks", text: `"${password}"` },
    { what: "the password without its quotation marks", text: password.replace(/^(["'])(.*)\1$/s, "$2") },
    { what: "the password as in a URL, with %", text: percentEncoded(password) },
    { what: "the base64 of the password", text: base64OfText(password) },
  ];
}

/** libntlm, curl and Cyrus SASL take each byte of the password in their character set for a UTF-16 unit. */
function widened(password: string): readonly PasswordVariant[] {
  return CHARSETS.flatMap((charset) => {
    const bytes = encodeOem(password, charset);
    const what = `the bytes of the password in ${charset}, each taken for a character`;
    return bytes === undefined ? [] : [{ what, text: bytes.toString("latin1") }];
  });
}

const CHARSETS: readonly OemCharset[] = ["utf-8", "windows-1252", "cp850", "cp437"];

function others(password: string): readonly PasswordVariant[] {
  return [
    { what: "the first 14 characters of the password", text: password.slice(0, 14) },
    { what: "the first 8 characters of the password", text: password.slice(0, 8) },
    { what: "an empty password", text: "" },
    // Thunderbird 153 on POP3: its code hands on a promise instead of the password.
    { what: 'the text "[object Promise]" instead of a password, a fault of Thunderbird', text: "[object Promise]" },
  ];
}

function percentEncoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}
