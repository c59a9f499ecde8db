/**
 * One line of the account file, in Dovecot's passwd-file format: `name:{SCHEME}hash:uid:gid:gecos:home:shell:extra`,
 * where trailing fields may be missing and the extra fields are `key=value`, separated by spaces.
 */
import { accountFrom, type Account } from "../../accounts/account.ts";

export interface LineFields {
  /** `alice` or `alice@example.com`. */
  readonly name: string;
  /** `{SCHEME}hash`, "" where extra fields hold the secrets. */
  readonly password: string;
  /** uid to shell, which other programs may need, as they are. */
  readonly between: readonly string[];
  readonly extra: ReadonlyMap<string, string>;
}

export interface FileAccount extends Account {
  /** From 1. */
  readonly line: number;
}

const BETWEEN = 5;

/** A hash has some 200 characters; the rest is for attributes. */
export const LINE_LIMIT = 8192;

/** The fields, or what is wrong with them. */
export function splitLine(text: string): LineFields | string {
  if (text.length > LINE_LIMIT) return `the line is longer than ${LINE_LIMIT} characters`;
  const [name = "", password = "", ...rest] = text.split(":");
  const extra = new Map<string, string>();
  for (const item of rest
    .slice(BETWEEN)
    .join(":")
    .split(" ")
    .filter((word) => word !== "")) {
    const [, key = "", value = "yes"] = /^([A-Za-z_][\w.-]*)(?:=(.*))?$/.exec(item) ?? [];
    if (key === "") return "an extra field is not key=value";
    if (extra.has(key)) return `${key}= is there twice`;
    extra.set(key, value);
  }
  return { name, password, between: rest.slice(0, BETWEEN), extra };
}

export function joinLine({ name, password, between, extra }: LineFields): string {
  const words = [...extra].map(([key, value]) => `${key}=${value}`).join(" ");
  const padded = words === "" ? between : Array.from({ length: BETWEEN }, (_, index) => between[index] ?? "");
  return [name, password, ...padded, ...(words === "" ? [] : [words])].join(":");
}

/** The account, or what is wrong with the line; never with a secret in it. */
export function parseLine(text: string, line: number): FileAccount | string {
  const fields = splitLine(text);
  if (typeof fields === "string") return fields;
  const { name, password, extra } = fields;
  const account = accountFrom({ name, password, words: extra });
  return typeof account === "string" ? account : { ...account, line };
}
