/** One row of the query is one account: columns by name, in the words that the account file has. */
import { accountFrom, type Account } from "../../accounts/account.ts";
import { parseNt, parseStored, type StoredPassword } from "../../accounts/hashes/hashes.ts";
import { STATE_KEYS } from "../../accounts/state-words.ts";
import { isSid, makeToken, type AccessToken } from "../../core/access-token.ts";

export type Row = Readonly<Record<string, unknown>>;

/** Words of the account file, with `_` for `-` where a column must do without. */
const WORDS: ReadonlySet<string> = new Set([
  "nt",
  "scram-sha-256",
  "scram-sha-1",
  "domain",
  "mailbox",
  "cert",
  ...STATE_KEYS,
]);
const LISTS: ReadonlySet<string> = new Set(["groups", "workstations", "listeners", "group-sids"]);
/** Binary columns of these are shown in hexadecimal; any other holds text. */
const BYTES: ReadonlySet<string> = new Set(["nt", "logon-hours"]);
const TIMES: ReadonlySet<string> = new Set(["expires", "password-expires"]);
/** Bytes: a hash has some hundred, a user of a large domain a thousand groups. */
const VALUE_LIMIT = 65_536;

class BadColumn extends Error {
  override readonly name = "BadColumn";
}

/** The account, or which column is wrong and how; never with a value in it. */
export function accountOfRow(row: Row): Account | string {
  try {
    return readRow(row);
  } catch (error) {
    if (error instanceof BadColumn) return error.message;
    throw error;
  }
}

function readRow(row: Row): Account | string {
  const columns = new Map<string, unknown>();
  const attributes: [string, string][] = [];
  for (const [column, value] of Object.entries(row)) {
    const key = column.toLowerCase().replaceAll("_", "-");
    if (columns.has(key)) throw new BadColumn(`the column ${key} is there twice`);
    if (isOurs(key)) columns.set(key, value);
    else attributes.push(...attributeOf(column, value));
  }
  const text = (key: string) => textOf(key, columns.get(key));
  const name = text("name");
  if (name === undefined) return "there is no column name, or it is empty";
  const groups = listOf("groups", columns.get("groups"));
  const words = [...columns.keys()].filter(isWord).flatMap((key) => wordOf(key, columns.get(key)));
  const password = text("password");
  if (password !== undefined) checkHash("password", parseStored(password));
  const nt = text("nt");
  if (nt !== undefined) checkHash("nt", parseNt(nt));
  const account = accountFrom({ name, password, groups, words: new Map(words) });
  if (typeof account === "string") return account;
  const token = tokenOf(text("sid"), text("primary-group-sid"), listOf("group-sids", columns.get("group-sids")));
  const identity = { ...account.identity, attributes: Object.fromEntries(attributes), ...(token && { token }) };
  return { ...account, identity };
}

/** The room accounts says what is wrong with a hash, but not where it stood. */
function checkHash(column: string, stored: StoredPassword): void {
  if (stored.kind === "bad") throw new BadColumn(`the column ${column}: ${stored.why}`);
}

const OTHERS: ReadonlySet<string> = new Set(["name", "password", "groups", "sid", "primary-group-sid", "group-sids"]);

function isOurs(key: string): boolean {
  return OTHERS.has(key) || isWord(key);
}

function isWord(key: string): boolean {
  return WORDS.has(key) || key.startsWith("app-");
}

function wordOf(key: string, value: unknown): readonly (readonly [string, string])[] {
  const text = LISTS.has(key) ? listOf(key, value).join(",") : textOf(key, value);
  return text === undefined || text === "" ? [] : [[key, text]];
}

function attributeOf(column: string, value: unknown): readonly [string, string][] {
  const text = Array.isArray(value) ? listOf(column, value).join(",") : textOf(column, value);
  if (text === undefined) return [];
  if (/\p{Cc}/u.test(text)) throw new BadColumn(`the column ${column} has control characters`);
  return [[column, text]];
}

/** What the drivers give for the types of their databases; undefined for NULL and for nothing. */
function textOf(column: string, value: unknown): string | undefined {
  const text = written(column, value);
  if (text.length > VALUE_LIMIT) throw new BadColumn(`the column ${column} is too long`);
  if (text === "") return undefined;
  // Databases write a time with a blank; without a zone it is UTC.
  const [, day, time] = (TIMES.has(column) && /^(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d(?:\.\d+)?)?)$/.exec(text)) || [];
  return day === undefined ? text : `${day}T${time}Z`;
}

function written(column: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (value instanceof Uint8Array) return bytesAsText(column, value);
  throw new BadColumn(`the column ${column} is not of a type that can be read`);
}

function bytesAsText(column: string, value: Uint8Array): string {
  if (value.length > VALUE_LIMIT) throw new BadColumn(`the column ${column} is too long`);
  // As hexadecimal digits already where the column was made for them.
  if (BYTES.has(column) && (value.length === 16 || value.length === 21)) return Buffer.from(value).toString("hex");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value);
  } catch {
    throw new BadColumn(`the column ${column} is not text in UTF-8`);
  }
}

/** An array of the database, a JSON array, or names with commas between. */
function listOf(column: string, value: unknown): readonly string[] {
  const items = Array.isArray(value) ? value : fromText(column, textOf(column, value) ?? "");
  if (!items.every((item): item is string => typeof item === "string"))
    throw new BadColumn(`the column ${column} is not a list of names`);
  const names = items.map((item) => item.trim()).filter((item) => item !== "");
  if (names.some((name) => /\p{Cc}/u.test(name))) throw new BadColumn(`the column ${column} has control characters`);
  return names;
}

function fromText(column: string, text: string): readonly unknown[] {
  if (!text.startsWith("[")) return text.split(",");
  try {
    return JSON.parse(text) as readonly unknown[];
  } catch {
    throw new BadColumn(`the column ${column} begins as a JSON array and is none`);
  }
}

function tokenOf(
  user: string | undefined,
  primary: string | undefined,
  groups: readonly string[],
): AccessToken | undefined {
  const token = makeToken({ user, primaryGroup: primary, groups });
  if (!token.sids.every(isSid))
    throw new BadColumn("one of the columns sid, primary_group_sid and group_sids holds no SID");
  return token.sids.length === 0 ? undefined : token;
}
