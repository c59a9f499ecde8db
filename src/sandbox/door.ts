/** Logging on to the sandbox's mailboxes: one master password opens every known user's, by name or by SASL PLAIN (RFC 4616). */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Account } from "./account.ts";
import type { MailStore } from "./mailstore.ts";

/** Wrong passwords after which a connection is closed. */
export const MAX_FAILURES = 5;

/** The user's account where the password is right and the user known. */
export type Door = (user: string, password: string) => Account | undefined;

export function masterPasswordDoor(store: MailStore, password: string): Door {
  const expected = digest(password);
  return (user, offered) => (timingSafeEqual(digest(offered), expected) ? store.account(user) : undefined);
}

export interface PlainCredentials {
  /** Whose mailbox: the authorization identity where there is one, otherwise the authentication identity. */
  readonly user: string;
  readonly password: string;
}

/** Reads the base64 of `[authzid] NUL authcid NUL passwd`; undefined where it is not that. */
export function readPlain(base64: string): PlainCredentials | undefined {
  const encoded = base64.trim();
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return undefined;
  const [authzid, authcid, password, ...rest] = Buffer.from(encoded, "base64").toString("utf8").split("\0");
  if (authzid === undefined || !authcid || password === undefined || rest.length > 0) return undefined;
  return { user: authzid === "" ? authcid : authzid, password };
}

/** Equal lengths for timingSafeEqual, whatever was offered. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
