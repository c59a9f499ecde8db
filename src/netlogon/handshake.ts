/**
 * The handshake by which a domain controller and a machine account prove to know the machine password:
 * NetrServerReqChallenge and NetrServerAuthenticate3 (MS-NRPC 3.1.4.1, 3.5.4.4.1, 3.5.4.4.2).
 */
import { NtStatus, ntStatusName } from "../core/nt-status.ts";
import { CHALLENGE_LENGTH, computeCredential, computeSessionKey, isSameCredential, isUniform } from "./credentials.ts";
import type { Deadline } from "./deadline.ts";
import { malformed, NetlogonError } from "./error.ts";
import { NdrReader } from "./ndr-reader.ts";
import { NdrWriter } from "./ndr-writer.ts";
import type { MachineAccount } from "./netlogon.ts";
import type { RpcConnection } from "./rpc-connection.ts";

export const Opnum = { reqChallenge: 4, authenticate3: 26 } as const;

/** NETLOGON_SECURE_CHANNEL_TYPE of a member of the domain (MS-NRPC 2.2.1.3.13). */
export const WORKSTATION_SECURE_CHANNEL = 2;

/** NegotiateFlags of MS-NRPC 3.1.4.2: all that Windows asks for but Kerberos; of use to us is AES alone. */
const REQUESTED_FLAGS = 0x613fffff;
const SUPPORTS_AES = 0x01000000;

/** What both sides hold after the handshake. */
export interface Agreement {
  /** 16 bytes. */
  readonly sessionKey: Buffer;
  /** What the authenticators of later calls start from, 8 bytes. */
  readonly clientCredential: Buffer;
  readonly accountRid: number;
}

/** On a plain connection to the Netlogon interface. Throws NetlogonError: "refused" with the NTSTATUS. */
export async function shakeHands(
  connection: RpcConnection,
  machine: MachineAccount,
  clientChallenge: Buffer,
  deadline: Deadline,
): Promise<Agreement> {
  const asked = encodeReqChallenge(machine, clientChallenge);
  const serverChallenge = readReqChallenge(await connection.call(Opnum.reqChallenge, asked, deadline));
  const sessionKey = computeSessionKey(machine.ntHash, clientChallenge, serverChallenge);
  const clientCredential = computeCredential(sessionKey, clientChallenge);
  const proof = encodeAuthenticate3(machine, clientCredential);
  const answer = await connection.call(Opnum.authenticate3, proof, deadline);
  const accountRid = readAuthenticate3(answer, computeCredential(sessionKey, serverChallenge));
  return { sessionKey, clientCredential, accountRid };
}

export function accountOf({ account, computer }: MachineAccount): string {
  return account ?? `${computer}$`;
}

export function encodeReqChallenge({ computer }: MachineAccount, clientChallenge: Buffer): Buffer {
  return new NdrWriter().nullPointer().string(computer).bytes(clientChallenge).finish();
}

/** The ServerChallenge. Throws NetlogonError. */
export function readReqChallenge(stub: Buffer): Buffer {
  const reply = new NdrReader(stub);
  const serverChallenge = reply.bytes(CHALLENGE_LENGTH);
  checkStatus(reply.u32(), "NetrServerReqChallenge");
  if (isUniform(serverChallenge)) throw malformed("a challenge that could be its own credential");
  return serverChallenge;
}

export function encodeAuthenticate3(machine: MachineAccount, clientCredential: Buffer): Buffer {
  const request = new NdrWriter().nullPointer().string(accountOf(machine)).u16(WORKSTATION_SECURE_CHANNEL);
  return request.align(4).string(machine.computer).bytes(clientCredential).u32(REQUESTED_FLAGS).finish();
}

/** The account's RID. Throws NetlogonError, also for a domain controller that does not know the machine password. */
export function readAuthenticate3(stub: Buffer, expected: Buffer): number {
  const reply = new NdrReader(stub);
  const credential = reply.bytes(CHALLENGE_LENGTH);
  const flags = reply.u32();
  const accountRid = reply.u32();
  checkStatus(reply.u32(), "NetrServerAuthenticate3");
  if ((flags & SUPPORTS_AES) === 0) throw malformed("the domain controller offers no AES");
  if (!isSameCredential(credential, expected)) {
    throw malformed("the domain controller cannot prove that it knows the machine password");
  }
  return accountRid;
}

/** Throws NetlogonError "refused" for everything but success. */
export function checkStatus(status: number, call: string): void {
  if (status === NtStatus.SUCCESS) return;
  throw new NetlogonError("refused", `${call} is refused with ${ntStatusName(status)}`, { status });
}
