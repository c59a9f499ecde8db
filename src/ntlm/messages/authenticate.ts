/** AUTHENTICATE_MESSAGE, MS-NLMP 2.2.1.3: who the client says it is, and its responses. */
import { malformed, NtlmError } from "../error.ts";
import { fieldLength, fieldOffset, layOut, locateField, MessageType, openMessage, readField } from "../fields.ts";
import { hasFlag, NegotiateFlag } from "../flags.ts";
import { readNames, readWorkstation, type NameReading } from "../names.ts";
import type { OemCharset } from "../oem.ts";
import { readVersion, VERSION_LENGTH, writeVersion, type Version } from "../version.ts";

export interface Authenticate {
  /** NegotiateFlags as the client repeats them: some clients send next to none. */
  readonly flags: number;
  readonly lmResponse: Buffer;
  readonly ntResponse: Buffer;
  readonly encryptedRandomSessionKey: Buffer;
  /** At least one reading, the likeliest first. */
  readonly names: readonly NameReading[];
  readonly workstation: string;
  readonly version: Version | undefined;
  /** What stands where a MIC would be, if the header has room for one. Only MsvAvFlags says whether it is one. */
  readonly mic: Buffer | undefined;
}

export const MIC_OFFSET = 72;
export const MIC_LENGTH = 16;

/**
 * Reads an AUTHENTICATE_MESSAGE whose header ends where its first payload begins: after the flags (64 bytes: curl,
 * libntlm), the version (72: gss-ntlmssp) or the MIC (88: Windows, Samba). `challengeFlags` decide the character set;
 * 8-bit names are read in each of `oemCharsets`. Fields are views of `bytes`. Throws NtlmError.
 */
export function decodeAuthenticate(
  bytes: Uint8Array,
  challengeFlags: number,
  oemCharsets?: readonly OemCharset[],
): Authenticate {
  const message = openMessage(bytes, MessageType.authenticate, HEADER_WITH_FLAGS);
  const charset = { isUnicode: hasFlag(challengeFlags, NegotiateFlag.NTLMSSP_NEGOTIATE_UNICODE), oem: oemCharsets };
  const headerLength = checkedHeaderLength(message);
  const flags = message.readUInt32LE(FLAGS);
  const hasVersion = hasFlag(flags, NegotiateFlag.NTLMSSP_NEGOTIATE_VERSION) && headerLength >= MIC_OFFSET;
  const hasMic = headerLength >= MIC_OFFSET + MIC_LENGTH;
  const field = (at: number, name: string) => readField(message, at, name, HEADER_OF_9X);
  const locate = (at: number, name: string) => locateField(message, at, name, HEADER_OF_9X);
  return {
    flags,
    lmResponse: checkLength("LmChallengeResponse", field(LM_RESPONSE, "LmChallengeResponse"), LM_RESPONSE_SIZES),
    ntResponse: checkLength("NtChallengeResponse", field(NT_RESPONSE, "NtChallengeResponse"), NT_RESPONSE_SIZES),
    encryptedRandomSessionKey: field(SESSION_KEY, "EncryptedRandomSessionKey"),
    names: readNames(message, locate(USER, "UserName"), locate(DOMAIN, "DomainName"), charset),
    workstation: readWorkstation(message, locate(WORKSTATION, "Workstation"), charset),
    version: hasVersion ? readVersion(message, VERSION) : undefined,
    mic: hasMic ? message.subarray(MIC_OFFSET, MIC_OFFSET + MIC_LENGTH) : undefined,
  };
}

/** What encodeAuthenticate writes: names as the bytes to send, in whatever character set they are. */
export interface AuthenticateFields {
  readonly flags: number;
  readonly lmResponse: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly encryptedRandomSessionKey: Uint8Array;
  readonly domain: Uint8Array;
  readonly user: Uint8Array;
  readonly workstation: Uint8Array;
  readonly version?: Version;
  /** 16 bytes, or zeros to be replaced once the MIC can be computed; without it the header is shorter. */
  readonly mic?: Uint8Array;
}

/** Writes the shortest header that holds what is given: 64, 72 or 88 bytes. */
export function encodeAuthenticate(fields: AuthenticateFields): Buffer {
  const withVersion = fields.version ? HEADER_WITH_FLAGS + VERSION_LENGTH : HEADER_WITH_FLAGS;
  const message = layOut(MessageType.authenticate, fields.mic ? MIC_OFFSET + MIC_LENGTH : withVersion, [
    { at: DOMAIN, bytes: fields.domain },
    { at: USER, bytes: fields.user },
    { at: WORKSTATION, bytes: fields.workstation },
    { at: LM_RESPONSE, bytes: fields.lmResponse },
    { at: NT_RESPONSE, bytes: fields.ntResponse },
    { at: SESSION_KEY, bytes: fields.encryptedRandomSessionKey },
  ]);
  message.writeUInt32LE(fields.flags, FLAGS);
  if (fields.version) writeVersion(message, VERSION, fields.version);
  if (fields.mic) message.set(fields.mic, MIC_OFFSET);
  return message;
}

/** Where the fixed header ends: after the flags at the earliest. */
function checkedHeaderLength(message: Buffer): number {
  const headerLength = payloadStart(message);
  if (headerLength < HEADER_OF_9X) throw malformed(`a field at offset ${headerLength} lies in the header`);
  // Windows 9x ends the header after Workstation: where flags would be, there is payload.
  if (headerLength < HEADER_WITH_FLAGS) throw new NtlmError("unsupported", "AUTHENTICATE_MESSAGE without flags");
  return headerLength;
}

/** The lowest offset of a field that has bytes. */
function payloadStart(message: Buffer): number {
  let start = message.length;
  for (const at of DESCRIPTORS) {
    if (fieldLength(message, at) > 0) start = Math.min(start, fieldOffset(message, at));
  }
  return start;
}

function checkLength(name: string, field: Buffer, isPossible: (length: number) => boolean): Buffer {
  if (!isPossible(field.length)) throw malformed(`${name} of ${field.length} bytes`);
  return field;
}

const LM_RESPONSE = 12;
const NT_RESPONSE = 20;
const DOMAIN = 28;
const USER = 36;
const WORKSTATION = 44;
const SESSION_KEY = 52;
const DESCRIPTORS = [LM_RESPONSE, NT_RESPONSE, DOMAIN, USER, WORKSTATION, SESSION_KEY];
const FLAGS = 60;
const VERSION = 64;
/** No field may point before the end of the shortest header there ever was. */
const HEADER_OF_9X = SESSION_KEY;
const HEADER_WITH_FLAGS = VERSION;

/** None, the single zero byte of an anonymous logon, or a 24-byte response (MS-NLMP 2.2.2.3, 2.2.2.4). */
const LM_RESPONSE_SIZES = (length: number) => length < 2 || length >= 24;
/** None, 24 bytes of version 1, or proof, fixed part and MsvAvEOL of version 2 (MS-NLMP 2.2.2.6 to 2.2.2.8). */
const NT_RESPONSE_SIZES = (length: number) => length === 0 || length === 24 || length >= 48;
