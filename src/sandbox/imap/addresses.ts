/** Address lists of header fields (RFC 5322 section 3.4) as the addresses of ENVELOPE (RFC 3501 section 7.4.2). */

/** A mailbox; or, without a host, the start of a group named in `mailbox`, or without both the end of one. */
export interface Address {
  readonly name?: string;
  readonly mailbox?: string;
  readonly host?: string;
}

/** More than a person can read; a field could name a hundred thousand. */
const MAX_ADDRESSES = 1000;
const FIELD_LIMIT = 256 * 1024;

type Kind = "text" | "comment" | "special";

interface Token {
  readonly kind: Kind;
  readonly text: string;
}

/** Quoted string, comment, domain literal, special character, run of other text; what never closes ends with the field. */
const TOKEN =
  /"((?:[^"\\]|\\[^])*)(?:"|\\?$)|\(((?:[^()\\]|\\[^])*)(?:\)|\\?$)|(\[[^\]]*(?:\]|$))|([<>,:;])|([^\s"(),:;<>[]+)/g;

const GROUP_END: Address = {};

export function parseAddresses(field: string): readonly Address[] {
  const addresses: Address[] = [];
  let pending: Token[] = [];
  let inAngle = false;
  const finish = (): void => {
    const address = toAddress(pending);
    if (address !== undefined) addresses.push(address);
    pending = [];
  };
  for (const token of tokens(field.slice(0, FIELD_LIMIT))) {
    if (addresses.length >= MAX_ADDRESSES) return addresses;
    const special = token.kind === "special" ? token.text : "";
    if (special === "<" || special === ">") inAngle = special === "<";
    if (special === "" || special === "<" || special === ">" || inAngle) pending.push(token);
    else if (special === ":") {
      addresses.push({ mailbox: words(pending).join(" ") });
      pending = [];
    } else {
      finish();
      if (special === ";") addresses.push(GROUP_END);
    }
  }
  finish();
  return addresses;
}

function* tokens(field: string): Generator<Token> {
  for (const [, quoted, comment, literal, special, word] of field.matchAll(TOKEN)) {
    if (special !== undefined) yield { kind: "special", text: special };
    else if (comment !== undefined) yield { kind: "comment", text: comment.trim() };
    else yield { kind: "text", text: quoted?.replace(/\\([^])/g, "$1") ?? literal ?? word ?? "" };
  }
}

/** `Name <local@host>`, `local@host (Name)`, or `<@route:local@host>` whose route is dropped. */
function toAddress(all: readonly Token[]): Address | undefined {
  const open = all.findIndex(({ kind, text }) => kind === "special" && text === "<");
  const spec = words(open < 0 ? all : all.slice(open)).join("");
  if (spec === "") return undefined;
  const display = open < 0 ? "" : words(all.slice(0, open)).join(" ");
  const name = display === "" ? all.find(({ kind }) => kind === "comment")?.text : display;
  const at = spec.lastIndexOf("@");
  const mailbox = at < 0 ? spec : spec.slice(0, at);
  const parts = { mailbox: mailbox.slice(mailbox.lastIndexOf(":") + 1), host: at < 0 ? "" : spec.slice(at + 1) };
  return name === undefined ? parts : { name, ...parts };
}

/** The texts of an address; `:` is kept, because it ends a route. */
function words(all: readonly Token[]): string[] {
  return all.filter(({ kind, text }) => kind === "text" || text === ":").map(({ text }) => text);
}
