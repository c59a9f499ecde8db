/** What Postern's own computing costs, without sockets: CPU for one NTLM logon from NEGOTIATE to verdict. */
import { createHmac, randomBytes } from "node:crypto";
import { DEFAULT_POLICY, confirm, openChallenge, readAuthenticate } from "../src/ntlm/acceptor.ts";
import { ntHash } from "../src/ntlm/hashes.ts";
import { authenticateMessage, negotiateMessage } from "../src/ntlm/initiator.ts";
import { verifyResponses } from "../src/ntlm/responses.ts";

const ROUNDS = 10_000;
const names = {
  netbiosDomain: "EXAMPLE",
  netbiosComputer: "MAIL",
  dnsDomain: "example.com",
  domainJoined: true,
} as const;
const NOW = BigInt(Date.now()) * 10_000n + 116_444_736_000_000_000n;
const password = "Password1";
const nt = ntHash(password);

/** One logon as a sentence with its cost, and the cost of one HMAC-MD5 on this machine beside it. */
export function timeArithmetic(): string {
  const negotiate = negotiateMessage();
  const pending = openChallenge(negotiate, { names, serverChallenge: randomBytes(8), timestamp: NOW });
  const { message } = authenticateMessage({
    negotiate,
    challenge: pending.message,
    user: "alice",
    domain: "EXAMPLE",
    password,
    clientChallenge: randomBytes(8),
    time: NOW,
    exportedSessionKey: randomBytes(16),
  });
  const verify = cpu(() => {
    const logon = readAuthenticate(message, pending, DEFAULT_POLICY);
    if (logon.kind === "refused") throw new Error(logon.why);
    const match = verifyResponses({ nt }, logon.evidence);
    if (!match || confirm(logon, match.sessionBaseKey, match.scheme)) throw new Error("the right response was refused");
  });
  const open = cpu(() => openChallenge(negotiate, { names, serverChallenge: pending.serverChallenge, timestamp: NOW }));
  const hmac = cpu(() => createHmac("md5", nt).update(message.subarray(0, 64)).digest());
  const show = (microseconds: number): string => `${microseconds.toFixed(1)} us`;
  return `NTLM, CPU each: challenge ${show(open)}, AUTHENTICATE with MIC verified ${show(verify)} (createHmac md5 of 64 bytes here: ${show(hmac)})`;
}

/** Microseconds of CPU a call, after warming up. */
function cpu(call: () => unknown): number {
  for (let i = 0; i < ROUNDS / 4; i += 1) call();
  const before = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i += 1) call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / ROUNDS;
}
