/** An NTLM message in words, every field by name with its place (MS-NLMP 2.2.1), for the sandbox and `postern decode`. */
import { AvFlag, AvId, avName, type AvPair } from "../ntlm/av-pairs.ts";
import { NtlmError } from "../ntlm/error.ts";
import { messageType, readDescriptor, type Descriptor } from "../ntlm/fields.ts";
import { flagNames, hasFlag, joinFlags, NegotiateFlag } from "../ntlm/flags.ts";
import { decodeAuthenticate } from "../ntlm/messages/authenticate.ts";
import { decodeChallenge } from "../ntlm/messages/challenge.ts";
import { decodeNegotiate } from "../ntlm/messages/negotiate.ts";
import { decodeClientChallenge, type ClientChallenge } from "../ntlm/ntlmv2.ts";
import { classifyResponses } from "../ntlm/responses.ts";
import type { Version } from "../ntlm/version.ts";
import { describeTime, type TimeInWords } from "./filetime.ts";
import type { FieldInWords } from "./message-words.ts";

export { formatNtlm } from "./ntlm-lines.ts";
export type { FieldInWords } from "./message-words.ts";

export interface WordsContext {
  /** The CHALLENGE's flags: they decide the character set and the scheme of an AUTHENTICATE. */
  readonly challengeFlags?: number;
  /** For the clock skew. */
  readonly now?: Date;
  /** Responses and keys whole: who has them can try passwords. */
  readonly showSecrets?: boolean;
}

/** A pair with its value's place in the message. */
export interface AvInWords {
  readonly name: string;
  readonly text: string;
  readonly offset: number;
  readonly length: number;
}

export interface NtlmDescription {
  readonly message: "NEGOTIATE_MESSAGE" | "CHALLENGE_MESSAGE" | "AUTHENTICATE_MESSAGE" | "not an NTLM message";
  /** Bytes. */
  readonly length: number;
  readonly flags?: { readonly value: number; readonly names: readonly string[] };
  readonly fields: readonly FieldInWords[];
  /** Of a CHALLENGE: 16 hex digits. */
  readonly serverChallenge?: string;
  readonly avPairs?: readonly AvInWords[];
  readonly version?: string;
  /** What the responses are, by their lengths. */
  readonly scheme?: string;
  readonly time?: TimeInWords;
  readonly mic?: "present" | "filled in, but not announced" | "announced, but missing" | "absent";
  readonly channelBinding?: string;
  /** What is wrong with the message; fields are then as far as they could be read. */
  readonly problem?: string;
}

/** Never throws: what cannot be read is described as far as it can be, with the problem said. */
export function ntlmWords(message: Uint8Array, context: WordsContext = {}): NtlmDescription {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const base: Pick<NtlmDescription, "length" | "fields"> = { length: bytes.length, fields: [] };
  let type = 0;
  try {
    type = messageType(bytes);
    const describe = DESCRIBE[type];
    if (describe) return describe(bytes, context);
    return { ...base, message: "not an NTLM message", problem: `message type ${type}` };
  } catch (error) {
    if (!(error instanceof NtlmError)) throw error;
    const fields = placesOf(bytes, type).map((place) => ({ ...place, text: "" }));
    return { ...base, message: NAME_OF[type] ?? "not an NTLM message", fields, problem: error.message };
  }
}

type Describe = (bytes: Buffer, context: WordsContext) => NtlmDescription;

const DESCRIBE: Readonly<Record<number, Describe>> = { 1: negotiate, 2: challenge, 3: authenticate };

function negotiate(bytes: Buffer): NtlmDescription {
  const { flags, domain, workstation, version } = decodeNegotiate(bytes);
  return {
    message: "NEGOTIATE_MESSAGE",
    length: bytes.length,
    flags: { value: flags, names: flagNames(flags) },
    fields: withTexts(bytes, 1, { DomainName: domain ?? "", Workstation: workstation ?? "" }),
    ...versionInWords(version),
  };
}

function challenge(bytes: Buffer, { now }: WordsContext): NtlmDescription {
  const { flags, targetName, serverChallenge, targetInfo, version } = decodeChallenge(bytes);
  const timestamp = targetInfo?.find(({ id }) => id === AvId.MsvAvTimestamp)?.value.readBigUInt64LE();
  return {
    message: "CHALLENGE_MESSAGE",
    length: bytes.length,
    flags: { value: flags, names: flagNames(flags) },
    serverChallenge: serverChallenge.toString("hex"),
    fields: withTexts(bytes, 2, { TargetName: targetName, TargetInfo: `${targetInfo?.length ?? 0} AV pairs` }),
    ...(targetInfo ? { avPairs: targetInfo.map((pair) => avInWords(pair, bytes, now)) } : {}),
    ...(timestamp === undefined ? {} : { time: describeTime(timestamp, now) }),
    ...versionInWords(version),
  };
}

function authenticate(bytes: Buffer, context: WordsContext): NtlmDescription {
  const challengeFlags = context.challengeFlags ?? guessedFlags(bytes);
  const decoded = decodeAuthenticate(bytes, challengeFlags);
  const { names, ntResponse, lmResponse, encryptedRandomSessionKey, workstation, mic } = decoded;
  const extendedSessionSecurity = hasFlag(challengeFlags, NegotiateFlag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
  const evidence = { names, workstation, ntResponse, lmResponse, extendedSessionSecurity, minimum: "lm" } as const;
  const scheme = classifyResponses({ ...evidence, serverChallenge: Buffer.alloc(8) });
  const blob = scheme === "NTLMv2" ? decodeClientChallenge(ntResponse) : undefined;
  return {
    message: "AUTHENTICATE_MESSAGE",
    length: bytes.length,
    flags: { value: decoded.flags, names: flagNames(decoded.flags) },
    fields: withTexts(bytes, 3, {
      DomainName: unique(names.map(({ domain }) => domain)).join(" or "),
      UserName: unique(names.map(({ user }) => user)).join(" or "),
      Workstation: workstation,
      LmChallengeResponse: responseInWords(lmResponse, context),
      NtChallengeResponse: responseInWords(ntResponse, context),
      EncryptedRandomSessionKey: keyInWords(encryptedRandomSessionKey, context),
    }),
    scheme: schemeInWords(scheme),
    ...versionInWords(decoded.version),
    ...blobInWords(blob, bytes, context.now),
    mic: micInWords(micAnnounced(blob), mic),
  };
}

/** JavaMail repeats no flags at all over UTF-16 names: without the CHALLENGE, UTF-16 it is unless OEM alone is said. */
function guessedFlags(bytes: Buffer): number {
  const flags = bytes.length >= 64 ? bytes.readUInt32LE(60) : 0;
  const isOem = hasFlag(flags, NegotiateFlag.NTLM_NEGOTIATE_OEM);
  return isOem ? flags : joinFlags(flags, NegotiateFlag.NTLMSSP_NEGOTIATE_UNICODE);
}

function blobInWords(
  blob: ClientChallenge | undefined,
  bytes: Buffer,
  now: Date | undefined,
): Partial<NtlmDescription> {
  if (!blob) return { channelBinding: "none" };
  const binding = blob.pairs.find(({ id }) => id === AvId.MsvAvChannelBindings)?.value;
  return {
    time: describeTime(blob.timestamp, now),
    avPairs: blob.pairs.map((pair) => avInWords(pair, bytes, now)),
    channelBinding: binding ? bindingInWords(binding) : "none",
  };
}

function bindingInWords(value: Buffer): string {
  return value.every((byte) => byte === 0) ? "all zeros (none)" : value.toString("hex");
}

function micAnnounced(blob: ClientChallenge | undefined): boolean {
  const flags = blob?.pairs.find(({ id }) => id === AvId.MsvAvFlags)?.value.readUInt32LE() ?? 0;
  return hasFlag(flags, AvFlag.micPresent);
}

function micInWords(isAnnounced: boolean, mic: Buffer | undefined): NonNullable<NtlmDescription["mic"]> {
  if (isAnnounced) return mic ? "present" : "announced, but missing";
  return mic?.some((byte) => byte !== 0) ? "filled in, but not announced" : "absent";
}

function schemeInWords(scheme: string | undefined): string {
  if (scheme === undefined) return "none (anonymous)";
  return scheme === "LMv2" ? "LMv2 or LM" : scheme;
}

/** Beside the challenge, which is shown, its first bytes would be enough to try passwords against. */
function responseInWords(response: Buffer, { showSecrets }: WordsContext): string {
  if (response.length === 0) return "";
  if (response.every((byte) => byte === 0)) return "all zeros";
  if (showSecrets === true) return response.toString("hex");
  return "(not shown)";
}

function keyInWords(key: Buffer, { showSecrets }: WordsContext): string {
  if (key.length === 0) return "";
  return showSecrets === true ? key.toString("hex") : "(not shown)";
}

/** Values are views of the message: that is where they stand. */
function avInWords({ id, value }: AvPair, bytes: Buffer, now: Date | undefined): AvInWords {
  const offset = value.byteOffset - bytes.byteOffset;
  return { name: avName(id), text: avText(id, value, now), offset, length: value.length };
}

function avText(id: number, value: Buffer, now: Date | undefined): string {
  if (id === AvId.MsvAvTimestamp) return describeTime(value.readBigUInt64LE(), now).text;
  if (id === AvId.MsvAvFlags) return avFlagNames(value.readUInt32LE());
  if (id === AvId.MsvAvChannelBindings) return bindingInWords(value);
  return TEXTS.has(id) ? value.toString("utf16le") : `${value.length} bytes`;
}

function avFlagNames(flags: number): string {
  const names = [
    hasFlag(flags, AvFlag.constrained) ? "constrained" : "",
    hasFlag(flags, AvFlag.micPresent) ? "MIC present" : "",
    hasFlag(flags, AvFlag.untrustedTargetName) ? "untrusted target name" : "",
  ];
  return names.filter((name) => name !== "").join(", ") || "none";
}

function versionInWords(version: Version | undefined): { version?: string } {
  return version ? { version: `${version.major}.${version.minor}.${version.build} revision ${version.revision}` } : {};
}

function withTexts(bytes: Buffer, type: number, texts: Readonly<Record<string, string>>): readonly FieldInWords[] {
  return placesOf(bytes, type).map((place) => ({ ...place, text: texts[place.name] ?? "" }));
}

function placesOf(bytes: Buffer, type: number): readonly (Descriptor & { name: string })[] {
  const descriptors = DESCRIPTORS[type] ?? [];
  return descriptors
    .filter(([, at]) => at + 8 <= bytes.length)
    .map(([name, at]) => ({ name, ...readDescriptor(bytes, at) }));
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

const NAME_OF: Readonly<Record<number, NtlmDescription["message"]>> = {
  1: "NEGOTIATE_MESSAGE",
  2: "CHALLENGE_MESSAGE",
  3: "AUTHENTICATE_MESSAGE",
};

const DESCRIPTORS: Readonly<Record<number, readonly (readonly [string, number])[]>> = {
  1: [
    ["DomainName", 16],
    ["Workstation", 24],
  ],
  2: [
    ["TargetName", 12],
    ["TargetInfo", 40],
  ],
  3: [
    ["DomainName", 28],
    ["UserName", 36],
    ["Workstation", 44],
    ["LmChallengeResponse", 12],
    ["NtChallengeResponse", 20],
    ["EncryptedRandomSessionKey", 52],
  ],
};

const TEXTS: ReadonlySet<number> = new Set([
  AvId.MsvAvNbComputerName,
  AvId.MsvAvNbDomainName,
  AvId.MsvAvDnsComputerName,
  AvId.MsvAvDnsDomainName,
  AvId.MsvAvDnsTreeName,
  AvId.MsvAvTargetName,
]);
