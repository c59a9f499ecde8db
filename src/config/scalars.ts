/** The single values of config.yaml that are more than a string: durations, sizes, endpoints, networks, names. */
import { isIP } from "node:net";
import { z } from "zod";
import { Secret } from "../core/secret.ts";

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** setTimeout() counts in 31 bits: a longer time would fire at once. */
const LONGEST = 24 * 86_400_000;

export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return Number(count) * (MILLISECONDS[unit] ?? NaN);
}

export function parseSize(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})([kmg]?)$/i.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  return Number(count) * (BYTES[unit.toLowerCase()] ?? NaN);
}

/** `host:port`, `[v6]:port` or `port`. */
export function parseEndpoint(text: string): { host: string | undefined; port: number } | undefined {
  const [, v6, host, port] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return undefined;
  if (v6 !== undefined && isIP(v6) !== 6) return undefined;
  if (host !== undefined && !isHost(host)) return undefined;
  const name = v6 ?? host;
  return { host: name === "*" ? undefined : name, port: Number(port) };
}

function isHost(text: string): boolean {
  return text === "*" || isIP(text) !== 0 || (HOST_NAME.test(text) && !/^[\d.]+$/.test(text));
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

export function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** A string that `parse` understands, described to people and editors by `what`. */
function parsed<T>(parse: (text: string) => T | undefined, pattern: RegExp, what: string) {
  return z
    .string({ error: `expected ${what}` })
    .transform((text, context) => {
      const value = parse(text);
      if (value === undefined) context.addIssue({ code: "custom", message: `expected ${what}` });
      return value ?? z.NEVER;
    })
    .meta({ pattern: pattern.source });
}

export function duration(atLeast = 1) {
  const what = "a duration such as 500ms, 30s, 5m, 1h or 7d (24d at most)";
  const parse = (text: string) => {
    const value = parseDuration(text);
    return value !== undefined && value >= atLeast && value <= LONGEST ? value : undefined;
  };
  return parsed(parse, /^(\d+(ms|s|m|h|d)|\$\{.+\})$/, what);
}

export function size(atLeast: number, atMost: number) {
  const what = `a size from ${atLeast} to ${atMost} bytes, such as 8k or 8192`;
  return z.union([z.number(), z.string()], { error: `expected ${what}` }).transform((input, context) => {
    const value = typeof input === "number" ? input : parseSize(input);
    if (value !== undefined && Number.isInteger(value) && value >= atLeast && value <= atMost) return value;
    context.addIssue({ code: "custom", message: `expected ${what}` });
    return z.NEVER;
  });
}

/** A whole number; text is taken too, because `${env:N}` gives text. */
export function count(atLeast: number, atMost: number) {
  const what = `a whole number from ${atLeast} to ${atMost}`;
  return z.union([z.number(), z.string()], { error: `expected ${what}` }).transform((input, context) => {
    const value = typeof input === "number" || /^\d{1,9}$/.test(input) ? Number(input) : NaN;
    if (Number.isInteger(value) && value >= atLeast && value <= atMost) return value;
    context.addIssue({ code: "custom", message: `expected ${what}` });
    return z.NEVER;
  });
}

const ENDPOINT = 'a port or "host:port", such as 143, "127.0.0.1:143" or "[::]:993"';

export function endpoint() {
  return z.union([z.number(), z.string()], { error: `expected ${ENDPOINT}` }).transform((input, context) => {
    const value = parseEndpoint(String(input));
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `expected ${ENDPOINT}` });
    return z.NEVER;
  });
}

export function host() {
  const parse = (text: string) => (text !== "*" && (isIP(text) !== 0 || isHost(text)) ? text : undefined);
  return parsed(parse, /^\S+$/, "a host name or address, without a port");
}

export function network() {
  return parsed(
    (text) => (isNetwork(text) ? text : undefined),
    /^\S+$/,
    "a network such as 10.0.0.0/8, or one address",
  );
}

/** NetBIOS names hold 15 characters (RFC 1001 section 14: 16 octets, the last one for the suffix). */
export function netbiosName() {
  const parse = (text: string) => (/^[^\s\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/.test(text) ? text.toUpperCase() : undefined);
  return parsed(parse, /^.{1,15}$/, 'a NetBIOS name: 1 to 15 characters, no dot or any of \\/:*?"<>|');
}

/** One line of text without control characters. */
export function text() {
  const parse = (input: string) => (/^\P{Cc}{1,1024}$/u.test(input) ? input : undefined);
  return parsed(parse, /^.+$/, "text of one line");
}

/** A day: "2026-12-31". */
export function date() {
  return parsed(parseDate, /^\d{4}-\d{2}-\d{2}$/, "a day such as 2026-12-31");
}

function parseDate(text: string): string | undefined {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : NaN;
  // Date turns the 31st of February into March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text) ? text : undefined;
}

/** An absolute address without user, query or fragment; only loopback goes without TLS. */
export function url() {
  return parsed(parseUrl, /^https?:\/\/\S+$/, "an https address such as https://login.example.com");
}

export function parseUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, search, hash } = new URL(text);
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback)) return undefined;
  return username + search + hash === "" ? text : undefined;
}

/** A path, or a whole PEM block as `${cred:NAME}` may put it here. */
export function pemOrPath() {
  const parse = (input: string) => (isPem(input) || /^\P{Cc}{1,4096}$/u.test(input) ? input : undefined);
  return parsed(parse, /^[^]+$/, "a path or PEM text");
}

/** The same, with the words that editors show. */
export function pemFile(what: string) {
  return pemOrPath().describe(`${what}: a path, relative to this file's folder, or the PEM text`);
}

export function isPem(input: string): boolean {
  return input.trimStart().startsWith("-----BEGIN ");
}

/** true or false; text is taken too, because `${env:N}` gives text. */
export function flag() {
  return z
    .union([z.boolean(), z.enum(["true", "false"])], { error: "expected true or false" })
    .transform((value) => String(value) === "true");
}

export function secret() {
  return text().transform((password) => new Secret(password));
}

/** What listeners, validators and backends are called, in the log as well. */
export const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

export function name() {
  const what = "a name of letters, digits, dots, hyphens and underscores";
  return parsed((input) => (NAME.test(input) ? input : undefined), NAME, what);
}
