/** OAUTHBEARER as a client says it (RFC 7628 section 3.1): a bearer token, with the name in a gs2-header. */
import { SaslError, scripted, type ClientExchange } from "./exchange.ts";
import { readBearerFailure, type BearerFailure } from "./bearer-failure.ts";

export interface BearerCredentials {
  /** The account's name; empty: the token says it. */
  readonly username: string;
  readonly token: string;
}

/** A refused token is answered politely; `failure` then says what the server wants, and its "no" follows. */
export interface BearerExchange extends ClientExchange {
  readonly failure: BearerFailure | undefined;
}

export interface OAuthBearerCredentials extends BearerCredentials {
  /** The server that the client means to talk to; both are optional. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** RFC 7628 section 3.2.3: an error is answered with this byte alone. */
const ACKNOWLEDGED = Buffer.of(0x01);

/** Throws SaslError for tokens and names with control characters, which part the fields. */
export function oauthBearerClient(credentials: OAuthBearerCredentials): BearerExchange {
  const { username, token, host, port } = credentials;
  const name = username.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const header = `n,${name === "" ? "" : `a=${name}`},`;
  const fields = [...(host ? [`host=${host}`] : []), ...(port ? [`port=${port}`] : []), `auth=Bearer ${token}`];
  return bearerExchange("OAUTHBEARER", [header, ...fields, "", ""], ACKNOWLEDGED);
}

/** The fields parted by 0x01, and the answer to an error. */
export function bearerExchange(mechanism: string, fields: readonly string[], answer: Uint8Array): BearerExchange {
  if (fields.some((field) => /[\u0000-\u001f\u007f]/.test(field)))
    throw new SaslError("bad-credentials", "a name or the token has control characters");
  let failure: BearerFailure | undefined;
  const hear = (challenge: Uint8Array) => {
    failure = readBearerFailure(challenge);
    return answer;
  };
  return {
    ...scripted(mechanism, true, Buffer.from(fields.join("\u0001")), [hear]),
    get failure() {
      return failure;
    },
  };
}
