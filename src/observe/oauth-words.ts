/** OAUTHBEARER (RFC 7628) and XOAUTH2 in words; of a JWT (RFC 7519) header and claims are shown, never its signature. */
import { describeMoment } from "./filetime.ts";
import {
  fieldOf,
  secretText,
  splitAt,
  textOf,
  type FieldInWords,
  type Part,
  type SaslDescription,
  type SecrecyContext,
} from "./message-words.ts";

/** Separates key-value pairs. */
const KVSEP = 1;
/** Known keys are auth, host, port, mthd, path, post and qs. */
const PAIR_LIMIT = 32;
const CLAIM_LIMIT = 40;
/** Longest claim that is shown, in characters. */
const CLAIM_WIDTH = 200;
/** A token above this is not looked into. */
const TOKEN_LIMIT = 64 * 1024;

/** A client's response of either mechanism. */
export function oauthWords(mechanism: string, bytes: Uint8Array, context: SecrecyContext): SaslDescription {
  const length = bytes.length;
  if (length === 0 || (length === 1 && bytes[0] === KVSEP))
    return { message: `${mechanism} acknowledgement of the error`, length, fields: [] };
  const parts = splitAt(bytes, KVSEP, PAIR_LIMIT).filter(({ bytes: { length: size } }) => size > 0);
  const fields = parts.flatMap((part, index) => pairInWords(part, index, context));
  const hasToken = fields.some(({ name }) => name === "auth");
  const isEnded = length >= 2 && bytes[length - 1] === KVSEP && bytes[length - 2] === KVSEP;
  const problem = !hasToken ? "no auth= with a token" : isEnded ? undefined : "does not end with two 0x01";
  return { message: `${mechanism} message`, length, fields, ...(problem === undefined ? {} : { problem }) };
}

/** "OAUTHBEARER" or "XOAUTH2" for bytes that can hardly be anything else. */
export function guessOauth(bytes: Uint8Array): "OAUTHBEARER" | "XOAUTH2" | undefined {
  if (!bytes.includes(KVSEP)) return undefined;
  const head = Buffer.from(bytes.subarray(0, 1024)).toString("latin1");
  if (/^user=[^\x01]*\x01auth=bearer /i.test(head)) return "XOAUTH2";
  return /^(?:n|y|p=[^,\x01]*),(?:a=[^,\x01]*)?,\x01(?:[a-z]+=[^\x01]*\x01)*auth=/i.test(head)
    ? "OAUTHBEARER"
    : undefined;
}

/** The server's error: a JSON object whose status, scope and the like say what it wants. */
export function oauthErrorWords(mechanism: string, bytes: Uint8Array): SaslDescription {
  const base = { message: `${mechanism} error`, length: bytes.length };
  const object = jsonObject(bytes);
  if (!object) return { ...base, fields: [], ...(bytes.length === 0 ? {} : { problem: "not a JSON object" }) };
  const whole: Part = { offset: 0, bytes };
  return {
    ...base,
    fields: Object.entries(object)
      .slice(0, CLAIM_LIMIT)
      .map(([name, value]) => fieldOf(name, whole, shown(value))),
  };
}

function pairInWords(part: Part, index: number, context: SecrecyContext): readonly FieldInWords[] {
  const text = textOf(part.bytes);
  const header = index === 0 && /^(?:n|y|p=[^,]*),(?:a=([^,]*))?,$/.exec(text);
  if (header) {
    const [, authzid] = header;
    return [
      fieldOf("gs2-header", part, text, authzid === undefined ? "no user named" : `user ${JSON.stringify(authzid)}`),
    ];
  }
  const equals = text.indexOf("=");
  const key = equals < 0 ? "unknown" : text.slice(0, equals).slice(0, CLAIM_WIDTH);
  if (key.toLowerCase() === "auth") return authInWords(part, context);
  // A client that forgets "auth=" would have its token shown here.
  if (!SHOWN_KEYS.has(key.toLowerCase())) return [fieldOf(key, part, secretText(part.bytes, context))];
  return [fieldOf(key, part, text.slice(equals + 1))];
}

const SHOWN_KEYS: ReadonlySet<string> = new Set(["user", "host", "port", "mthd", "path"]);

function authInWords(part: Part, context: SecrecyContext): readonly FieldInWords[] {
  const [, scheme = "", blank = "", token = ""] = /^auth=([A-Za-z]*)( *)(.*)$/is.exec(textOf(part.bytes)) ?? [];
  const at = 5 + scheme.length + blank.length;
  const place: Part = { offset: part.offset + at, bytes: part.bytes.subarray(at) };
  const wrong = scheme.toLowerCase() === "bearer" && blank === " " ? "" : `, but not as "Bearer" and one blank`;
  return [
    fieldOf("auth", part, scheme === "" ? "(no scheme)" : scheme),
    fieldOf("token", place, secretText(place.bytes, context), `${kindOf(token)}${wrong}`),
    ...jwtFields(token, place.offset, context.now),
  ];
}

function kindOf(token: string): string {
  const parts = token.split(".", 6).length;
  if (token.startsWith("eyJ") && parts === 3) return "a signed JWT";
  return token.startsWith("eyJ") && parts === 5 ? "an encrypted JWT" : "opaque";
}

/** Header and claims; the signature is left out, so that what is shown is no token. */
function jwtFields(token: string, offset: number, now: Date | undefined): readonly FieldInWords[] {
  if (token.length > TOKEN_LIMIT || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return [];
  const [header = "", payload = ""] = token.split(".");
  return [
    ...objectFields("header", { offset, bytes: Buffer.from(header) }, now),
    ...objectFields("claim", { offset: offset + header.length + 1, bytes: Buffer.from(payload) }, now),
  ];
}

function objectFields(prefix: string, part: Part, now: Date | undefined): readonly FieldInWords[] {
  const object = jsonObject(Buffer.from(textOf(part.bytes), "base64url"));
  if (!object) return [];
  return Object.entries(object)
    .slice(0, CLAIM_LIMIT)
    .map(([name, value]) => {
      const meaning = TIMES.has(name) && typeof value === "number" ? describeMoment(value * 1000, now).text : undefined;
      return fieldOf(`${prefix} ${name.slice(0, CLAIM_WIDTH)}`, part, shown(value), meaning);
    });
}

const TIMES: ReadonlySet<string> = new Set(["exp", "nbf", "iat", "auth_time"]);

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > CLAIM_WIDTH ? `${text.slice(0, CLAIM_WIDTH)}...` : text;
}

function jsonObject(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(textOf(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
