/** PLAIN as a client says it (RFC 4616): `[authzid] NUL authcid NUL passwd`. */
import { scripted, SaslError, type ClientExchange } from "./exchange.ts";

export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
  /** Whom to act as; absent: the user itself. */
  readonly authzid?: string | undefined;
}

/** Throws SaslError for a NUL in names or password, which would end them. */
export function plainClient({ username, password, authzid = "" }: PasswordCredentials): ClientExchange {
  if ([authzid, username, password].some((part) => part.includes("\0")))
    throw new SaslError("bad-credentials", "a name or the password has a NUL");
  return scripted("PLAIN", true, Buffer.from(`${authzid}\0${username}\0${password}`));
}
