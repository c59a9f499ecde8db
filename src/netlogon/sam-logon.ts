/** NetrLogonSamLogonEx for a network logon: the question about a user and its answer (MS-NRPC 3.5.4.5.1, 2.2.1.4.5). */
import { NtStatus } from "../core/nt-status.ts";
import { ntlm2SessionChallenge } from "../ntlm/ntlmv1.ts";
import { malformed } from "./error.ts";
import { NdrReader } from "./ndr-reader.ts";
import { NdrWriter } from "./ndr-writer.ts";
import type { MachineAccount, NetworkLogon, NetworkLogonReply } from "./netlogon.ts";
import { isValidationLevel, readSamInfo, type ValidationLevel } from "./sam-info.ts";

export const SAM_LOGON_EX = 39;

/** NetlogonNetworkTransitiveInformation. */
const DEFAULT_LEVEL = 6;
/** NetlogonValidationSamInfo4: the one whose session key needs no other key. */
const VALIDATION_LEVEL = 6;

/** Longest response, in bytes: what a whole AUTHENTICATE_MESSAGE may have (see ntlm/fields.ts); clients need 1024. */
export const RESPONSE_LIMIT = 8192;
/** Longest name, in UTF-16 units: as above, in UTF-16. */
export const NAME_LIMIT = 4096;

const CHALLENGE_LENGTH = 8;
/** Of all version 1 responses. */
const RESPONSE_LENGTH = 24;

/** Throws RangeError for what no AUTHENTICATE_MESSAGE can have held. */
export function encodeSamLogon(
  { computer }: Pick<MachineAccount, "computer">,
  logon: NetworkLogon,
  validationLevel: ValidationLevel = VALIDATION_LEVEL,
): Buffer {
  checkLimits(logon);
  const { level = DEFAULT_LEVEL, parameterControl = 0 } = logon;
  const request = new NdrWriter();
  request.nullPointer().pointer().string(computer);
  request.u16(level).u16(level).pointer();
  // NETLOGON_NETWORK_INFO, which begins with NETLOGON_LOGON_IDENTITY_INFO; its Reserved is two u32.
  request.unicodeString(logon.domain).u32(parameterControl).u64(0n);
  request.unicodeString(logon.user).unicodeString(logon.workstation).bytes(lmChallenge(logon));
  request.byteString(logon.ntResponse).byteString(logon.lmResponse).finishStructure();
  return request.u16(validationLevel).u32(0).finish();
}

/** What the responses answer: for NTLM2 session both sides' challenges (MS-NLMP 3.3.1), else the server's. */
function lmChallenge({ extendedSessionSecurity, ntResponse, lmResponse, serverChallenge }: NetworkLogon): Uint8Array {
  const isNtlm2Session =
    extendedSessionSecurity && ntResponse.length === RESPONSE_LENGTH && lmResponse.length === RESPONSE_LENGTH;
  if (!isNtlm2Session) return serverChallenge;
  return ntlm2SessionChallenge(serverChallenge, lmResponse.subarray(0, CHALLENGE_LENGTH));
}

function checkLimits({ domain, user, workstation, serverChallenge, ntResponse, lmResponse }: NetworkLogon): void {
  const names = Math.max(domain.length, user.length, workstation.length);
  if (names > NAME_LIMIT) throw new RangeError(`a name of ${names} characters`);
  const responses = Math.max(ntResponse.length, lmResponse.length);
  if (responses > RESPONSE_LIMIT) throw new RangeError(`a response of ${responses} bytes`);
  if (serverChallenge.length !== CHALLENGE_LENGTH) throw new RangeError("a challenge that is not of 8 bytes");
}

/** `sessionKey` is the secure channel's. Throws NetlogonError. */
export function readSamLogonReply(stub: Buffer, sessionKey: Buffer): NetworkLogonReply {
  const reply = new NdrReader(stub);
  const level = reply.u16();
  const info = reply.pointer() ? readInfo(reply, level, sessionKey) : undefined;
  const authoritative = reply.u8() !== 0;
  // ExtraFlags say how far the question was passed on.
  reply.u32();
  const status = reply.u32();
  if (status !== NtStatus.SUCCESS) return { status, authoritative, info: undefined };
  if (!info) throw malformed("success without a word about the user");
  return { status, authoritative, info };
}

function readInfo(reply: NdrReader, level: number, sessionKey: Buffer): NetworkLogonReply["info"] {
  if (!isValidationLevel(level)) throw malformed(`validation of level ${level}`);
  return readSamInfo(reply, level, sessionKey);
}
