/** The CHALLENGE_MESSAGE that answers a NEGOTIATE_MESSAGE, MS-NLMP 3.2.5.1.1, and what is kept until its answer comes. */
import { AvId, avText, avTimestamp, type AvPair } from "./av-pairs.ts";
import { NtlmError } from "./error.ts";
import { hasFlag, joinFlags, NegotiateFlag as Flag } from "./flags.ts";
import { decodeChallenge, encodeChallenge } from "./messages/challenge.ts";
import { decodeNegotiate } from "./messages/negotiate.ts";
import type { OemCharset } from "./oem.ts";
import { OUR_VERSION } from "./version.ts";

/**
 * "exchange" is the form that Exchange 2003 sent: no Version, no Timestamp, domain name first. The others are MS-NLMP's.
 */
export type ChallengeDialect = "auto" | "rfc" | "exchange";

/** What the CHALLENGE says of this server; the judge's own names where a domain controller will look at them. */
export interface TargetNames {
  readonly netbiosDomain: string;
  readonly netbiosComputer: string;
  readonly dnsDomain?: string;
  readonly dnsComputer?: string;
  readonly dnsForest?: string;
  /** TargetName is then the domain, else the computer. */
  readonly domainJoined: boolean;
}

export interface ChallengeOptions {
  /** The same object must always say the same: what is encoded of it is kept. */
  readonly names: TargetNames;
  /** 8 random bytes, never used before. */
  readonly serverChallenge: Uint8Array;
  /** FILETIME of now: makes clients send a MIC. */
  readonly timestamp: bigint;
  readonly dialect?: ChallengeDialect;
  readonly reveal?: Reveal | undefined;
  /** How 8-bit names of clients without Unicode are read, likeliest first; default: OEM_CHARSETS. */
  readonly oemCharsets?: readonly OemCharset[] | undefined;
}

/** What strangers learn from the CHALLENGE: anybody who connects can ask for one. */
export interface Reveal {
  /** "minimal" leaves out DNS names: only the two NetBIOS names are mandatory (section 2.2.2.1). */
  readonly names: "all" | "minimal";
  /** OUR_VERSION, for clients that ask for it. */
  readonly version: boolean;
}

const EVERYTHING: Reveal = { names: "all", version: true };

/** A challenge that waits for its one answer. The raw bytes of both messages are kept: the MIC covers them. */
export interface PendingChallenge {
  /** The CHALLENGE_MESSAGE to send. */
  readonly message: Buffer;
  readonly negotiate: Uint8Array;
  readonly flags: number;
  readonly serverChallenge: Buffer;
  readonly targetInfo: readonly AvPair[];
  readonly oemCharsets?: readonly OemCharset[] | undefined;
}

/** Answers a NEGOTIATE_MESSAGE. Throws NtlmError when it is malformed or offers no character set. */
export function openChallenge(negotiate: Uint8Array, options: ChallengeOptions): PendingChallenge {
  const { names, timestamp, dialect = "auto", reveal = EVERYTHING } = options;
  const form = dialect === "exchange" ? EXCHANGE : CURRENT;
  const hidden = reveal.version ? 0 : Flag.NTLMSSP_NEGOTIATE_VERSION;
  const flags = (challengeFlags(decodeNegotiate(negotiate).flags, names.domainJoined, form) & ~hidden) >>> 0;
  const targetInfo = targetInfoOf(names, reveal.names, timestamp, form);
  const serverChallenge = Buffer.from(options.serverChallenge);
  const targetName = names.domainJoined ? names.netbiosDomain : names.netbiosComputer;
  const version = hasFlag(flags, Flag.NTLMSSP_NEGOTIATE_VERSION) ? { version: OUR_VERSION } : {};
  const message = encodeChallenge({ flags, targetName, serverChallenge, targetInfo, ...version }, form.header);
  return { message, negotiate, flags, serverChallenge, targetInfo, oemCharsets: options.oemCharsets };
}

/** As openChallenge, for a CHALLENGE_MESSAGE that somebody else made: a recorded exchange. Throws NtlmError. */
export function adoptChallenge(negotiate: Uint8Array, challenge: Uint8Array): PendingChallenge {
  const message = Buffer.from(challenge);
  const { flags, serverChallenge, targetInfo = [] } = decodeChallenge(message);
  return { message, negotiate, flags, serverChallenge, targetInfo, oemCharsets: undefined };
}

/** What differs between the dialects. */
interface Form {
  readonly header: "current" | "without version";
  readonly order: readonly number[];
  readonly hasTimestamp: boolean;
  readonly alwaysSet: number;
  /** Pairs of names, encoded: all challenges of one listener have the same. */
  readonly made: Readonly<Record<Reveal["names"], WeakMap<TargetNames, readonly AvPair[]>>>;
}

const nothingMade = (): Form["made"] => ({ all: new WeakMap(), minimal: new WeakMap() });

/** Section 3.2.5.1.1's order, with the Timestamp that section 2.2.2.1 promises: it makes clients send a MIC. */
const CURRENT: Form = {
  header: "current",
  order: [
    AvId.MsvAvNbComputerName,
    AvId.MsvAvNbDomainName,
    AvId.MsvAvDnsComputerName,
    AvId.MsvAvDnsDomainName,
    AvId.MsvAvDnsTreeName,
  ],
  hasTimestamp: true,
  alwaysSet: joinFlags(Flag.NTLMSSP_REQUEST_TARGET, Flag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN),
  made: nothingMade(),
};

const EXCHANGE: Form = {
  header: "without version",
  order: [
    AvId.MsvAvNbDomainName,
    AvId.MsvAvNbComputerName,
    AvId.MsvAvDnsDomainName,
    AvId.MsvAvDnsComputerName,
    AvId.MsvAvDnsTreeName,
  ],
  hasTimestamp: false,
  alwaysSet: 0,
  made: nothingMade(),
};

/** MS-NLMP 3.2.5.1.1, with UNICODE before OEM and extended session security before LM_KEY. */
function challengeFlags(offered: number, domainJoined: boolean, form: Form): number {
  const takes = (flag: number) => (hasFlag(offered, flag) ? flag : 0);
  const charset = takes(Flag.NTLMSSP_NEGOTIATE_UNICODE) || takes(Flag.NTLM_NEGOTIATE_OEM);
  if (charset === 0) throw new NtlmError("unsupported", "the client offers neither UNICODE nor OEM");
  const security = joinFlags(takes(Flag.NTLMSSP_NEGOTIATE_SIGN), takes(Flag.NTLMSSP_NEGOTIATE_SEAL));
  return joinFlags(
    charset,
    security,
    takes(Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) || takes(Flag.NTLMSSP_NEGOTIATE_LM_KEY),
    // Key lengths are about sealing: without SIGN or SEAL there is nothing to weaken.
    security === 0 ? 0 : joinFlags(takes(Flag.NTLMSSP_NEGOTIATE_128), takes(Flag.NTLMSSP_NEGOTIATE_56)),
    takes(Flag.NTLMSSP_NEGOTIATE_KEY_EXCH),
    form.alwaysSet,
    form.header === "current" ? takes(Flag.NTLMSSP_NEGOTIATE_VERSION) : 0,
    takes(Flag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN),
    domainJoined ? Flag.NTLMSSP_TARGET_TYPE_DOMAIN : Flag.NTLMSSP_TARGET_TYPE_SERVER,
    Flag.NTLMSSP_NEGOTIATE_NTLM,
    Flag.NTLMSSP_NEGOTIATE_TARGET_INFO,
  );
}

function targetInfoOf(names: TargetNames, shown: Reveal["names"], timestamp: bigint, form: Form): readonly AvPair[] {
  const pairs = form.made[shown].get(names) ?? textPairs(names, shown, form);
  return form.hasTimestamp ? [...pairs, avTimestamp(timestamp)] : pairs;
}

function textPairs(names: TargetNames, shown: Reveal["names"], { order, made }: Form): readonly AvPair[] {
  const isAll = shown === "all";
  const nameOf: Readonly<Record<number, string | undefined>> = {
    [AvId.MsvAvNbComputerName]: names.netbiosComputer,
    [AvId.MsvAvNbDomainName]: names.netbiosDomain,
    [AvId.MsvAvDnsComputerName]: isAll ? names.dnsComputer : undefined,
    [AvId.MsvAvDnsDomainName]: isAll ? names.dnsDomain : undefined,
    [AvId.MsvAvDnsTreeName]: isAll ? names.dnsForest : undefined,
  };
  const pairs = order.flatMap((id) => (nameOf[id] === undefined ? [] : [avText(id, nameOf[id])]));
  made[shown].set(names, pairs);
  return pairs;
}
