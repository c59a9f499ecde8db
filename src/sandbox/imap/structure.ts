/** ENVELOPE, BODY and BODYSTRUCTURE of a message (RFC 3501 section 7.4.2), written from its MIME structure. */
import { fieldValue, type HeaderField, type ParameterizedValue, parseParameters } from "../header.ts";
import type { MimePart } from "../mime.ts";
import { type Address, parseAddresses } from "./addresses.ts";
import { nstring, string } from "./format.ts";

const LF = 0x0a;

export function envelope(fields: readonly HeaderField[]): string {
  const text = (name: string): string => nstring(fieldValue(fields, name));
  const from = addressList(fields, "from");
  // Absent Sender and Reply-To are those of From.
  const orFrom = (name: string): string => (fieldValue(fields, name) ? addressList(fields, name) : from);
  const people = [
    from,
    orFrom("sender"),
    orFrom("reply-to"),
    ...["to", "cc", "bcc"].map((n) => addressList(fields, n)),
  ];
  return `(${[text("date"), text("subject"), ...people, text("in-reply-to"), text("message-id")].join(" ")})`;
}

/** BODY with `extended` false, BODYSTRUCTURE with true. */
export function bodyStructure(raw: Buffer, part: MimePart, extended: boolean): string {
  const [type = "", subtype = ""] = part.contentType.value.split("/");
  if (part.parts.length > 0) {
    const children = part.parts.map((child) => bodyStructure(raw, child, extended)).join("");
    const extension = extended ? ` ${parameterList(part.contentType)} ${dispositionLanguageLocation(part)}` : "";
    return `(${children} ${string(subtype)}${extension})`;
  }
  const field = (name: string): string => nstring(fieldValue(part.fields, name));
  const encoding = string(fieldValue(part.fields, "content-transfer-encoding") ?? "7bit");
  const basic = [
    string(type),
    string(subtype),
    parameterList(part.contentType),
    field("content-id"),
    field("content-description"),
    encoding,
    part.body.end - part.body.start,
  ];
  const extension = extended ? [field("content-md5"), dispositionLanguageLocation(part)] : [];
  return `(${[...basic, ...ofType(raw, part, type, extended), ...extension].join(" ")})`;
}

/** What text and enclosed messages have besides: body-type-text and body-type-msg. */
function ofType(raw: Buffer, part: MimePart, type: string, extended: boolean): (string | number)[] {
  if (type === "text") return [lines(raw, part)];
  if (part.message === undefined) return [];
  return [envelope(part.message.fields), bodyStructure(raw, part.message, extended), lines(raw, part)];
}

function dispositionLanguageLocation({ fields }: MimePart): string {
  const disposition = fieldValue(fields, "content-disposition");
  const parsed = parseParameters(disposition ?? "");
  const written = parsed.value === "" ? "NIL" : `(${string(parsed.value)} ${parameterList(parsed)})`;
  return [
    written,
    nstring(fieldValue(fields, "content-language")),
    nstring(fieldValue(fields, "content-location")),
  ].join(" ");
}

function parameterList({ parameters }: ParameterizedValue): string {
  if (parameters.length === 0) return "NIL";
  return `(${parameters.map(([name, value]) => `${string(name)} ${string(value)}`).join(" ")})`;
}

function addressList(fields: readonly HeaderField[], name: string): string {
  const addresses = parseAddresses(fieldValue(fields, name) ?? "");
  return addresses.length === 0 ? "NIL" : `(${addresses.map(address).join("")})`;
}

/** Name, source route (long dead), mailbox, host. */
function address({ name, mailbox, host }: Address): string {
  return `(${nstring(name)} NIL ${nstring(mailbox)} ${nstring(host)})`;
}

/** A plain loop over the octets: a search from line to line is slow where lines are short. */
function lines(raw: Buffer, { body }: MimePart): number {
  let count = 0;
  for (let at = body.start; at < body.end; at++) if (raw[at] === LF) count++;
  const unfinished = body.end > body.start && raw[body.end - 1] !== LF;
  return unfinished ? count + 1 : count;
}
