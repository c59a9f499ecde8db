/** NTLM for the micro-benchmarks: one exchange prepared, its steps as calls, and the same steps in other packages. */
import { createHmac, randomBytes } from "node:crypto";
import { filetimeNow } from "../../src/library/clock.ts";
import {
  DEFAULT_POLICY,
  confirm,
  openChallenge,
  readAuthenticate,
  type PendingChallenge,
} from "../../src/ntlm/acceptor.ts";
import { ntHash } from "../../src/ntlm/hashes.ts";
import { authenticateMessage, negotiateMessage } from "../../src/ntlm/initiator.ts";
import { decodeAuthenticate } from "../../src/ntlm/messages/authenticate.ts";
import { verifyResponses } from "../../src/ntlm/responses.ts";
import { ewsNtlm, httpntlm, ntlmParse } from "./peers.ts";
import { here, type Contestant } from "./measure.ts";

export const ACCOUNT = { user: "alice", domain: "EXAMPLE", password: "Password1" } as const;
const WORKSTATION = "DESKTOP";
const NAMES = {
  netbiosDomain: "EXAMPLE",
  netbiosComputer: "MAIL",
  dnsDomain: "example.com",
  dnsComputer: "mail.example.com",
  domainJoined: true,
} as const;

export const NEGOTIATE = negotiateMessage();
const nt = ntHash(ACCOUNT.password);
const pending = openFor(NEGOTIATE);
const message = answer(pending.message);
const text = message.toString("base64");

export function openFor(negotiate: Uint8Array): PendingChallenge {
  return openChallenge(negotiate, { names: NAMES, serverChallenge: randomBytes(8), timestamp: filetimeNow() });
}

/** The AUTHENTICATE_MESSAGE of a client of ours: NTLMv2 with a MIC. */
export function answer(challenge: Uint8Array): Buffer {
  const nonces = { clientChallenge: randomBytes(8), time: filetimeNow(), exportedSessionKey: randomBytes(16) };
  return authenticateMessage({ ...ACCOUNT, ...nonces, workstation: WORKSTATION, negotiate: NEGOTIATE, challenge })
    .message;
}

/** All that a server does with an AUTHENTICATE_MESSAGE: reading, policy, proof, keys and MIC. Throws where it is refused. */
export function verify(authenticate: Uint8Array, challenge: PendingChallenge, hash: Uint8Array): void {
  const logon = readAuthenticate(authenticate, challenge, DEFAULT_POLICY);
  if (logon.kind === "refused") throw new Error(logon.why);
  if (!logon.micPresent) throw new Error("this exchange is to have a MIC");
  const match = verifyResponses({ nt: hash }, logon.evidence);
  if (!match || confirm(logon, match.sessionBaseKey, match.scheme)) throw new Error("the right response was refused");
}

/** The measure of the machine: HMAC-MD5 of 64 bytes as Node offers it. */
const hmac = here("createHmac, MD5 of 64 bytes", () => createHmac("md5", nt).update(message.subarray(0, 64)).digest());

/** The judge has the NT hash, as in production. */
export const verification: readonly Contestant[] = [hmac, here("Postern", () => verify(message, pending, nt))];

export const challenging: readonly Contestant[] = [hmac, here("Postern", () => openFor(NEGOTIATE))];

/** From base64, as ntlm-parser takes it. */
export const decoding: readonly Contestant[] = [
  here("Postern", () => decodeAuthenticate(Buffer.from(text, "base64"), pending.flags)),
  here("ntlm-parser", () => ntlmParse(text)),
];

/** From a password and the base64 of a CHALLENGE_MESSAGE to the base64 of the answer. Only ours has a MIC. */
export function building(): readonly Contestant[] {
  const { user, domain, password } = ACCOUNT;
  const challenge = pending.message.toString("base64");
  const header = `NTLM ${challenge}`;
  const fail = (error: Error): never => {
    throw error;
  };
  return [
    here("Postern", () => answer(Buffer.from(challenge, "base64")).toString("base64")),
    here("httpntlm", () => {
      const options = { username: user, password, domain, workstation: WORKSTATION };
      return httpntlm.createType3Message(httpntlm.parseType2Message(header, fail), options);
    }),
    here("@ewsjs/ntlm-client", () =>
      ewsNtlm.createType3Message(ewsNtlm.decodeType2Message(header), user, password, WORKSTATION, domain),
    ),
  ];
}

const negotiateText = NEGOTIATE.toString("base64");

/** A whole logon on the server, base64 in and out, of an account whose password is known: what ntlm_auth does for one. */
export const ourServer: Contestant = here("Postern", () => {
  const challenge = openFor(Buffer.from(negotiateText, "base64")).message.toString("base64");
  verify(Buffer.from(text, "base64"), pending, ntHash(ACCOUNT.password));
  return challenge;
});
