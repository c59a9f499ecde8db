/** NTLM as a client says it (MS-SMTPNTLM, MS-POP3, MS-OXIMAP): NEGOTIATE first, AUTHENTICATE in answer to the CHALLENGE. */
import { randomBytes } from "node:crypto";
import { NtlmError } from "../../ntlm/error.ts";
import { authenticateMessage, negotiateMessage, type InitiatorOptions } from "../../ntlm/initiator.ts";
import { scripted, SaslError, type ClientExchange } from "./exchange.ts";

type Optional = Pick<InitiatorOptions, "workstation" | "scheme" | "channelBinding" | "targetName">;

export interface NtlmCredentials extends Optional {
  /** The account's name; a domain in it (`DOMAIN\user`, `user@domain`) stays in it. */
  readonly username: string;
  readonly password: string;
  readonly domain?: string | undefined;
}

/** NTLMv2 with a MIC unless another scheme is asked for. */
export function ntlmClient({ username, password, domain = "", ...optional }: NtlmCredentials): ClientExchange {
  const negotiate = negotiateMessage(optional.scheme);
  const answer = (challenge: Uint8Array) => {
    const fresh = { clientChallenge: randomBytes(8), exportedSessionKey: randomBytes(16), time: fileTime(Date.now()) };
    return authenticate({ user: username, password, domain, negotiate, challenge, ...fresh, ...optional });
  };
  return scripted("NTLM", false, negotiate, [answer]);
}

function authenticate(options: InitiatorOptions): Uint8Array {
  try {
    return authenticateMessage(options).message;
  } catch (error) {
    if (error instanceof NtlmError) throw new SaslError("bad-challenge", error.message);
    throw error;
  }
}

/** MS-DTYP 2.3.3: hundreds of nanoseconds since 1601. */
const UNIX_EPOCH = 116_444_736_000_000_000n;

function fileTime(milliseconds: number): bigint {
  return BigInt(milliseconds) * 10_000n + UNIX_EPOCH;
}
