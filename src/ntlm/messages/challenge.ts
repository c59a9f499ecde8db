/** CHALLENGE_MESSAGE, MS-NLMP 2.2.1.2: what the server chose, its nonce, and what it says of itself. */
import { decodeAvPairs, encodeAvPairs, type AvPair } from "../av-pairs.ts";
import { malformed } from "../error.ts";
import { layOut, MessageType, openMessage, readDescriptor, readField } from "../fields.ts";
import { hasFlag, NegotiateFlag } from "../flags.ts";
import { unicode } from "../hashes.ts";
import { readVersion, VERSION_LENGTH, writeVersion, type Version } from "../version.ts";

export interface Challenge {
  /** NegotiateFlags, unsigned. */
  readonly flags: number;
  readonly targetName: string;
  /** 8 bytes. */
  readonly serverChallenge: Buffer;
  /** undefined when the message has no TargetInfo; an empty list is something else. */
  readonly targetInfo?: readonly AvPair[];
  readonly version?: Version;
}

/** Reads a CHALLENGE_MESSAGE, also of old servers without TargetInfo (32 bytes) or Version (48). Throws NtlmError. */
export function decodeChallenge(bytes: Uint8Array): Challenge {
  const message = openMessage(bytes, MessageType.challenge, SHORTEST);
  const flags = message.readUInt32LE(20);
  const target = readField(message, TARGET_NAME, "TargetName", SHORTEST);
  const info = message.length < OLD_HEADER ? EMPTY : readField(message, TARGET_INFO, "TargetInfo", SHORTEST);
  const hasVersion = hasFlag(flags, NegotiateFlag.NTLMSSP_NEGOTIATE_VERSION) && payloadStart(message) >= HEADER;
  return {
    flags,
    targetName: readTargetName(target, flags),
    serverChallenge: message.subarray(24, 32),
    ...(info.length > 0 ? { targetInfo: decodeAvPairs(info).pairs } : {}),
    ...(hasVersion ? { version: readVersion(message, VERSION) } : {}),
  };
}

/** Writes the header of 56 bytes, or 48 without Version; TargetName and TargetInfo behind it. Flags are written as given. */
export function encodeChallenge(challenge: Challenge, header: "current" | "without version" = "current"): Buffer {
  const isUnicode = hasFlag(challenge.flags, NegotiateFlag.NTLMSSP_NEGOTIATE_UNICODE);
  const message = layOut(MessageType.challenge, header === "current" ? HEADER : OLD_HEADER, [
    // An OEM name goes out as UTF-8: clients hand it back as their domain, and UTF-8 is the first reading then.
    { at: TARGET_NAME, bytes: isUnicode ? unicode(challenge.targetName) : Buffer.from(challenge.targetName, "utf8") },
    { at: TARGET_INFO, bytes: challenge.targetInfo ? encodeAvPairs(challenge.targetInfo) : EMPTY },
  ]);
  message.writeUInt32LE(challenge.flags, 20);
  message.set(challenge.serverChallenge, 24);
  if (challenge.version && header === "current") writeVersion(message, VERSION, challenge.version);
  return message;
}

function readTargetName(bytes: Buffer, flags: number): string {
  if (!hasFlag(flags, NegotiateFlag.NTLMSSP_NEGOTIATE_UNICODE)) return bytes.toString("utf8");
  if (bytes.length % 2 !== 0) throw malformed(`TargetName of ${bytes.length} bytes in UTF-16`);
  return bytes.toString("utf16le");
}

function payloadStart(message: Buffer): number {
  const fields = [TARGET_NAME, TARGET_INFO].filter((at) => message.length >= at + 8);
  const starts = fields.map((at) => readDescriptor(message, at)).filter(({ length }) => length > 0);
  return Math.min(message.length, ...starts.map(({ offset }) => offset));
}

const EMPTY = Buffer.alloc(0);
const TARGET_NAME = 12;
const TARGET_INFO = 40;
/** Up to and including ServerChallenge: NTLM version 1 servers sent no more. */
const SHORTEST = 32;
/** The header before Windows XP, without Version. */
const OLD_HEADER = 48;
const VERSION = OLD_HEADER;
const HEADER = VERSION + VERSION_LENGTH;
