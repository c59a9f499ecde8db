/**
 * App passwords: further secrets of an account, each with a name, for one program or device, and good for some listeners and
 * networks only. Of each the NT hash alone is kept, which serves NTLM (MS-NLMP 3.3) and passwords in clear.
 */
import type { Denied } from "../core/verdict.ts";
import { NtStatus, type NtStatusName } from "../core/nt-status.ts";
import type { Visit } from "../core/visit.ts";
import { parseNt } from "./hashes/hashes.ts";
import { formatInstant, parseInstant } from "./instant.ts";
import { parseNetworks, type Networks } from "./networks.ts";

export interface AppPassword {
  readonly name: string;
  /** 16 bytes. */
  readonly nt: Uint8Array;
  /** Names of listeners; undefined: any. */
  readonly listeners?: readonly string[];
  readonly networks?: Networks;
  readonly created?: Date;
  readonly expires?: Date;
}

/** A word of an account that holds an app password: this, and the app password's name. */
export const APP_PREFIX = "app-";
/** Each costs every wrong password of its account one more comparison. */
export const APP_PASSWORD_LIMIT = 32;

/** `app-passwords` is the word for several at once; a hash in the name's place is a slip that no message may repeat. */
export function isAppPasswordName(name: string): boolean {
  return /^[A-Za-z0-9_][\w.-]{0,31}$/.test(name) && !/^(?:passwords|[0-9a-f]{32})$/i.test(name);
}

/**
 * `HEX;listeners=a,b;networks=10.0.0.0/8;created=2026-10-01;expires=2027-01-01`, of which only the NT hash must be there; or
 * what is wrong with it, without the secret.
 */
export function parseAppPassword(name: string, text: string): AppPassword | string {
  const wrong = (what: string) => `${APP_PREFIX}${name}= ${what}`;
  if (!isAppPasswordName(name))
    return "an app password's name is not 1 to 32 letters, digits, dots, hyphens and underscores";
  const [secret = "", ...rest] = text.split(";");
  const nt = parseNt(secret);
  if (nt.kind !== "nt") return wrong("does not begin with an NT hash, 32 hexadecimal digits");
  const found: { -readonly [Key in keyof AppPassword]: AppPassword[Key] } = { name, nt: nt.hash };
  const seen = new Set<string>();
  for (const part of rest) {
    const [, key = "", value = ""] = /^([a-z]+)=(.+)$/.exec(part) ?? [];
    const reader = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
    if (reader === undefined || seen.has(key))
      return wrong("has more than listeners=, networks=, created= and expires=, each once");
    const read = reader(value);
    if (typeof read === "string") return wrong(`has ${key}=, which is ${read}`);
    seen.add(key);
    Object.assign(found, read);
  }
  return found;
}

const READERS: Readonly<Record<string, (text: string) => Partial<AppPassword> | string>> = {
  listeners: (text) => {
    const listeners = text.split(",");
    return listeners.includes("") ? "a list with an empty name in it" : { listeners };
  },
  networks: (text) => {
    const networks = parseNetworks(text);
    return networks ? { networks } : "no list of networks such as 10.0.0.0/8,2001:db8::/32";
  },
  created: (text) => {
    const created = parseInstant(text);
    return created ? { created } : NO_TIME;
  },
  expires: (text) => {
    const expires = parseInstant(text);
    return expires ? { expires } : NO_TIME;
  },
};

const NO_TIME = "neither a day such as 2026-12-31 nor a time such as 2026-12-31T18:00Z";

/** The text that parseAppPassword() reads. */
export function formatAppPassword({ nt, listeners, networks, created, expires }: AppPassword): string {
  return [
    Buffer.from(nt).toString("hex"),
    ...(listeners ? [`listeners=${listeners.join(",")}`] : []),
    ...(networks ? [`networks=${networks.list.join(",")}`] : []),
    ...(created ? [`created=${formatInstant(created)}`] : []),
    ...(expires ? [`expires=${formatInstant(expires)}`] : []),
  ].join(";");
}

/**
 * All of an account: one in each word `app-NAME`, and for databases any number in the word `app-passwords`, each `NAME=...`
 * and parted by blanks.
 */
export function parseAppPasswords(words: ReadonlyMap<string, string>): readonly AppPassword[] | string {
  const texts = [...words].flatMap(([key, value]) => (isAppWord(key) ? textsIn(key, value) : []));
  const found: AppPassword[] = [];
  for (const [name, text] of texts) {
    const parsed = parseAppPassword(name, text);
    if (typeof parsed === "string") return parsed;
    if (found.some((each) => each.name.toLowerCase() === name.toLowerCase()))
      return `the app password ${name} is there twice`;
    found.push(parsed);
  }
  return found.length > APP_PASSWORD_LIMIT ? `there are more than ${APP_PASSWORD_LIMIT} app passwords` : found;
}

export function isAppWord(key: string): boolean {
  return key.startsWith(APP_PREFIX);
}

function textsIn(key: string, value: string): (readonly [string, string])[] {
  if (key !== "app-passwords") return [[key.slice(APP_PREFIX.length), value]];
  const parts = value.split(/\s+/).filter((part) => part !== "");
  return parts.map((part) => [part.split("=", 1)[0]!, part.slice(part.indexOf("=") + 1)]);
}

/** Why a right app password is not good here and now. */
export function denialByAppPassword(app: AppPassword, visit: Visit, now: Date, user: string): Denied | undefined {
  const deny = (what: string, reason: Denied["reason"], status: NtStatusName): Denied => {
    return { kind: "denied", reason, why: `the app password ${app.name} ${what}`, user, status: NtStatus[status] };
  };
  if (app.expires && app.expires.getTime() <= now.getTime())
    return deny("has expired", "password-expired", "PASSWORD_EXPIRED");
  if (app.listeners?.includes(visit.listener) === false)
    return deny("is not good for this listener", "not-authorized", "LOGON_TYPE_NOT_GRANTED");
  if (app.networks?.holds(visit.client.address) === false)
    return deny("is not good for this network", "not-authorized", "LOGON_TYPE_NOT_GRANTED");
  return undefined;
}
