/** NEGOTIATE_MESSAGE, MS-NLMP 2.2.1.1: what a client can do. */
import { layOut, MessageType, openMessage, readDescriptor } from "../fields.ts";
import { hasFlag, NegotiateFlag } from "../flags.ts";
import { readVersion, VERSION_LENGTH, writeVersion, type Version } from "../version.ts";

export interface Negotiate {
  /** NegotiateFlags, unsigned. */
  readonly flags: number;
  /** Of no authority: libntlm puts the user here. undefined when not supplied or outside the message. */
  readonly domain?: string;
  readonly workstation?: string;
  readonly version?: Version;
}

/**
 * Reads a NEGOTIATE_MESSAGE of 16 bytes (flags only) or more. The names decide nothing, so descriptors that point
 * nowhere are passed over, as Samba and gss-ntlmssp do. Throws NtlmError.
 */
export function decodeNegotiate(bytes: Uint8Array): Negotiate {
  const message = openMessage(bytes, MessageType.negotiate, SHORTEST);
  const flags = message.readUInt32LE(12);
  const domain = nameAt(message, DOMAIN, flags, NegotiateFlag.NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED);
  const workstation = nameAt(message, WORKSTATION, flags, NegotiateFlag.NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED);
  const hasVersion = hasFlag(flags, NegotiateFlag.NTLMSSP_NEGOTIATE_VERSION) && message.length >= HEADER;
  return {
    flags,
    ...(domain === undefined ? {} : { domain }),
    ...(workstation === undefined ? {} : { workstation }),
    ...(hasVersion ? { version: readVersion(message, VERSION) } : {}),
  };
}

/** Writes all 40 bytes of the header, names in Latin-1 behind it. Flags are written as given. */
export function encodeNegotiate(negotiate: Negotiate): Buffer {
  const message = layOut(MessageType.negotiate, HEADER, [
    { at: DOMAIN, bytes: Buffer.from(negotiate.domain ?? "", "latin1") },
    { at: WORKSTATION, bytes: Buffer.from(negotiate.workstation ?? "", "latin1") },
  ]);
  message.writeUInt32LE(negotiate.flags, 12);
  if (negotiate.version) writeVersion(message, VERSION, negotiate.version);
  return message;
}

function nameAt(message: Buffer, at: number, flags: number, flag: number): string | undefined {
  if (!hasFlag(flags, flag) || message.length < at + 8) return undefined;
  const { length, offset } = readDescriptor(message, at);
  if (length === 0 || offset < SHORTEST || offset + length > message.length) return undefined;
  return message.toString("latin1", offset, offset + length);
}

/** Bytes up to and including the flags; Samba takes such a message, no real client sends one. */
const SHORTEST = 16;
const DOMAIN = 16;
const WORKSTATION = 24;
const VERSION = 32;
const HEADER = VERSION + VERSION_LENGTH;
