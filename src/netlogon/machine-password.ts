/** Changing the password of our own machine account: NetrServerPasswordSet2 (MS-NRPC 3.5.4.4.6), with an authenticator (3.1.4.5). */
import { randomBytes } from "node:crypto";
import type { Secret } from "../core/secret.ts";
import { unicode } from "../ntlm/hashes.ts";
import { CHALLENGE_LENGTH, computeCredential, encrypt, isSameCredential } from "./credentials.ts";
import { deadlineIn } from "./deadline.ts";
import { malformed } from "./error.ts";
import { accountOf, checkStatus, WORKSTATION_SECURE_CHANNEL, type Agreement } from "./handshake.ts";
import { NdrReader } from "./ndr-reader.ts";
import { NdrWriter } from "./ndr-writer.ts";
import type { DomainController, MachineAccount, Patience } from "./netlogon.ts";
import { agree, openSealed } from "./session.ts";

export const PASSWORD_SET_2 = 30;

/** NL_TRUST_PASSWORD (MS-NRPC 2.2.1.3.7): 512 bytes that end with the password, and its length. */
const BUFFER_LENGTH = 512;

/**
 * Makes a session of its own, so that others of the account are stale for new connections, and the new password takes a
 * new handshake. Throws NetlogonError; after "timeout" and "closed" nobody knows which password holds. Throws RangeError
 * for a password that is empty or longer than 256 UTF-16 units.
 */
export async function changeMachinePassword(
  controller: DomainController,
  machine: MachineAccount,
  newPassword: Secret,
  { timeout }: Patience,
): Promise<void> {
  const deadline = deadlineIn(timeout);
  const trustPassword = encodeTrustPassword(newPassword, randomBytes);
  const { address, agreement } = await agree(controller, machine, deadline);
  const connection = await openSealed(address, machine, agreement.sessionKey, deadline);
  try {
    const authenticator = authenticate(agreement, Math.floor(Date.now() / 1000));
    const request = encodePasswordSet(machine, authenticator, encrypt(agreement.sessionKey, trustPassword));
    readPasswordSet(await connection.call(PASSWORD_SET_2, request, deadline), authenticator.expected);
  } finally {
    connection.close();
  }
}

export interface Authenticator {
  readonly credential: Buffer;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** The credential that the answer must carry. */
  readonly expected: Buffer;
}

/** NETLOGON_AUTHENTICATOR of the first call after the handshake, MS-NRPC 3.1.4.5. */
export function authenticate({ sessionKey, clientCredential }: Agreement, timestamp: number): Authenticator {
  const stored = plus(clientCredential, timestamp);
  const credential = computeCredential(sessionKey, stored);
  return { credential, timestamp, expected: computeCredential(sessionKey, plus(stored, 1)) };
}

/** The first four bytes are a number, which wraps. */
function plus(stored: Buffer, amount: number): Buffer {
  const sum = Buffer.from(stored);
  sum.writeUInt32LE((stored.readUInt32LE() + amount) % 2 ** 32);
  return sum;
}

export function encodeTrustPassword(password: Secret, draw: (count: number) => Buffer): Buffer {
  const bytes = unicode(password.reveal());
  if (bytes.length === 0 || bytes.length > BUFFER_LENGTH) throw new RangeError("a machine password of that length");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([draw(BUFFER_LENGTH - bytes.length), bytes, length]);
}

export function encodePasswordSet(machine: MachineAccount, authenticator: Authenticator, hidden: Buffer): Buffer {
  const request = new NdrWriter().nullPointer().string(accountOf(machine)).u16(WORKSTATION_SECURE_CHANNEL);
  // A structure with a number in it is aligned like the number.
  request.string(machine.computer).align(4).bytes(authenticator.credential).u32(authenticator.timestamp);
  return request.bytes(hidden).finish();
}

/** Throws NetlogonError: "refused" with the NTSTATUS. */
export function readPasswordSet(stub: Buffer, expected: Buffer): void {
  const reply = new NdrReader(stub);
  const credential = reply.bytes(CHALLENGE_LENGTH);
  reply.u32();
  checkStatus(reply.u32(), "NetrServerPasswordSet2");
  if (!isSameCredential(credential, expected)) throw malformed("an authenticator that does not answer ours");
}
