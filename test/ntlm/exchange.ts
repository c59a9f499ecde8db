/** A whole NTLM exchange between our initiator and our acceptor, with every nonce fixed: what the tests of this room start from. */
import {
  confirm,
  openChallenge,
  readAuthenticate,
  type AcceptorPolicy,
  type PendingChallenge,
  type Refusal,
  type TargetNames,
} from "../../src/ntlm/acceptor.ts";
import { lmHash, ntHash } from "../../src/ntlm/hashes.ts";
import { authenticateMessage, negotiateMessage, type InitiatorOptions } from "../../src/ntlm/initiator.ts";
import { verifyResponses, type Hashes } from "../../src/ntlm/responses.ts";
import type { Scheme } from "../../src/ntlm/scheme.ts";

export const NAMES: TargetNames = {
  netbiosDomain: "EXAMPLE",
  netbiosComputer: "MAIL",
  dnsDomain: "example.com",
  dnsComputer: "mail.example.com",
  domainJoined: true,
};

export const ACCOUNT = { user: "alice", domain: "EXAMPLE", password: "SecREt01" };

/** 2026-01-02 03:04:05 UTC. */
export const NOW = 134_117_966_450_000_000n;

/** Everything refused that can be, so that a test opens what it is about. */
export const LAX: AcceptorPolicy = { minimum: "lm", mic: "off", channelBinding: "off", avEcho: "off" };

export function hashesOf(password: string): Hashes {
  const lm = lmHash(password);
  return { nt: ntHash(password), ...(lm ? { lm } : {}) };
}

export interface Recorded {
  readonly pending: PendingChallenge;
  /** The AUTHENTICATE_MESSAGE, a fresh copy: tests alter it. */
  readonly authenticate: Buffer;
  readonly exportedSessionKey: Buffer;
}

/** The messages of one exchange; `challenge` numbers the server's nonce. */
export function record(scheme: Scheme = "NTLMv2", options: Partial<InitiatorOptions> = {}, challenge = 1): Recorded {
  const negotiate = negotiateMessage(scheme);
  const pending = openChallenge(negotiate, { names: NAMES, serverChallenge: nonce(8, challenge), timestamp: NOW });
  const answer = authenticateMessage({
    ...ACCOUNT,
    negotiate,
    challenge: pending.message,
    workstation: "PC",
    scheme,
    clientChallenge: nonce(8, 0xaa),
    time: NOW,
    exportedSessionKey: nonce(16, 0x55),
    ...options,
  });
  return { pending, authenticate: answer.message, exportedSessionKey: answer.exportedSessionKey };
}

/** The way through the acceptor with the password known: the scheme that was right, "wrong", or the refusal. */
export function accept(
  { pending, authenticate }: Pick<Recorded, "pending" | "authenticate">,
  policy: AcceptorPolicy,
  channelBinding?: Uint8Array,
  hashes = hashesOf(ACCOUNT.password),
): Scheme | "wrong" | Refusal {
  const logon = readAuthenticate(authenticate, pending, policy, channelBinding);
  if (logon.kind === "refused") return logon;
  const match = verifyResponses(hashes, logon.evidence);
  if (!match) return "wrong";
  return confirm(logon, match.sessionBaseKey, match.scheme) ?? match.scheme;
}

/** The refusal's rule, or what was accepted. */
export function verdictOf(...args: Parameters<typeof accept>): string {
  const verdict = accept(...args);
  return typeof verdict === "string" ? verdict : verdict.rule;
}

export function nonce(length: number, fill: number): Buffer {
  return Buffer.alloc(length, fill);
}
