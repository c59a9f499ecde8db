/** The acceptor's rules, one function each: what a policy says to a logon (MS-NLMP 3.2.5.1.1 and 3.2.5.1.2). */
import { timingSafeEqual } from "node:crypto";
import type { Received } from "./acceptor.ts";
import { AvId, avName, avValue } from "./av-pairs.ts";
import { hasFlag, NegotiateFlag } from "./flags.ts";
import { messageIntegrityCode } from "./mic.ts";
import { NAME_LIMIT } from "./names.ts";
import { refused, type AcceptorPolicy, type Refusal } from "./policy.ts";
import { isAllowed, type Scheme } from "./scheme.ts";
import { isOurs } from "./target-name.ts";

type Rule = (received: Received, policy: AcceptorPolicy, scheme: Scheme) => Refusal | undefined;

/** The first rule broken; without a key the MIC's value is not looked at, only whether it must be there. */
export function brokenRule(
  received: Received,
  policy: AcceptorPolicy,
  scheme: Scheme,
  exportedSessionKey?: () => Uint8Array,
): Refusal | undefined {
  const broken = firstBroken(RULES, received, policy, scheme);
  if (broken || !exportedSessionKey || policy.mic === "off" || !received.micPresent) return broken;
  return micValue(received, exportedSessionKey());
}

/** The first rule broken of those that need no proof: they ask what is there, not whether it is right. */
export function brokenUnauthenticatedRule(
  received: Received,
  policy: AcceptorPolicy,
  scheme: Scheme,
): Refusal | undefined {
  return firstBroken(UNAUTHENTICATED, received, policy, scheme);
}

const block: Rule = (_received, policy) =>
  policy.block === true ? refused("block", "NTLM is not accepted here") : undefined;

/** One name can have several readings in 8-bit character sets; one that fits is enough, the judge finds the right one. */
const domain: Rule = ({ authenticate }, { allowedDomains, blockedDomains }) => {
  if (!allowedDomains && !blockedDomains) return undefined;
  const claimed = authenticate.names.map((name) => domainOf(name).toLowerCase());
  const isListed = (list: readonly string[]) =>
    list.some((each) => each === "*" || claimed.includes(each.toLowerCase()));
  const named = claimed[0] === "" ? "no domain" : `domain ${quoted(claimed[0]!)}`;
  if (blockedDomains && isListed(blockedDomains)) return refused("domain", `${named} is blocked`);
  if (allowedDomains && !isListed(allowedDomains)) return refused("domain", `${named} is not among those allowed`);
  return undefined;
};

/** Section 3.2.5.1.1 looks at what the client offered: without SIGN and SEAL the CHALLENGE leaves key lengths out. */
const require128: Rule = ({ negotiateFlags }, policy) => {
  if (policy.require128 !== true || hasFlag(negotiateFlags, NegotiateFlag.NTLMSSP_NEGOTIATE_128)) return undefined;
  return refused("128-bit", "the client does not offer 128-bit keys, and this listener requires them");
};

const minimum: Rule = (_received, policy, scheme) => {
  if (isAllowed(scheme, policy.minimum)) return undefined;
  return refused("minimum", `the client answered with ${scheme}, the least accepted here is ${policy.minimum}`);
};

/** Only an NTLMv2 response protects the bit that announces a MIC. */
const micPresence: Rule = (received, policy, scheme) => {
  if (policy.mic !== "require" || (received.micPresent && scheme === "NTLMv2")) return undefined;
  return refused("mic", `no MIC, and this listener requires one (${scheme})`);
};

const bindingPresence: Rule = (received, policy, scheme) => {
  if (policy.channelBinding !== "require") return undefined;
  if (!received.channelBinding)
    return refused("channel-binding", "a channel binding is required, but this connection has none");
  if (received.bindingPresent && scheme === "NTLMv2") return undefined;
  return refused("channel-binding", "no channel binding, and this listener requires one");
};

const targetPresence: Rule = ({ targetName = "" }, policy, scheme) => {
  if (policy.targetName !== "require" || (targetName !== "" && scheme === "NTLMv2")) return undefined;
  return refused("target-name", "no target name that can be trusted, and this listener requires one");
};

/**
 * All zeros mean "none" (Samba's clients). Who is bound to a TLS channel while ours has none talked to somebody else's:
 * its messages are relayed, or a TLS terminator stands in front of us (then the policy is "off").
 */
const bindingValue: Rule = (received, policy) => {
  if (policy.channelBinding === "off" || !received.bindingPresent) return undefined;
  if (!received.channelBinding)
    return refused("channel-binding", "the client is bound to a TLS channel, and this connection has none");
  if (isBoundToUs(received)) return undefined;
  return refused("channel-binding", "the client is bound to another TLS channel: something stands in between");
};

export function isBoundToUs({ clientChallenge, channelBinding }: Received): boolean {
  const value = avValue(clientChallenge?.pairs ?? [], AvId.MsvAvChannelBindings);
  return value !== undefined && channelBinding !== undefined && isSame(value, channelBinding);
}

/** A client that meant another server has been relayed to us. */
const targetValue: Rule = ({ targetName = "" }, policy) => {
  if ((policy.targetName ?? "off") === "off" || targetName === "") return undefined;
  if (policy.targets && isOurs(targetName, policy.targets)) return undefined;
  return refused("target-name", `the client meant to log on to ${quoted(targetName)}, which is not us`);
};

const clock: Rule = ({ clientChallenge, now }, { clockWindow }) => {
  if (clockWindow === undefined || !clientChallenge) return undefined;
  if (now === undefined) return refused("clock", "a clock window is set, but this acceptor has no clock");
  const echoed = avValue(clientChallenge.pairs, AvId.MsvAvTimestamp)?.readBigUInt64LE();
  for (const time of [clientChallenge.timestamp, echoed]) {
    if (time === undefined) continue;
    const off = Number(now - time) / FILETIME_PER_MILLISECOND;
    if (Math.abs(off) > clockWindow) return refused("clock", `the client's time is ${inWords(off)} ours`);
  }
  return undefined;
};

const FILETIME_PER_MILLISECOND = 10_000;

function inWords(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  return `${seconds} seconds ${milliseconds > 0 ? "behind" : "ahead of"}`;
}

/** What we said of ourselves, if repeated, must be repeated as said; clients may drop pairs and reorder them. */
const avEcho: Rule = (received, policy) => {
  if (policy.avEcho === "off") return undefined;
  for (const { id, value } of received.pending.targetInfo) {
    if (!ECHOED.has(id)) continue;
    const echo = avValue(received.clientChallenge?.pairs ?? [], id);
    if (echo && !isSame(echo, value)) {
      return refused(
        "av-echo",
        `the client repeats another ${avName(id)} than was sent: it may have talked to another server`,
      );
    }
  }
  return undefined;
};

function micValue(received: Received, exportedSessionKey: Uint8Array): Refusal | undefined {
  const { mic } = received.authenticate;
  if (!mic) return refused("mic", "a MIC is announced, but the message has no room for one");
  const { negotiate, message } = received.pending;
  if (isSame(messageIntegrityCode(exportedSessionKey, negotiate, message, received.message), mic)) return undefined;
  return refused("mic", "the MIC is wrong: a message was altered on its way");
}

const UNAUTHENTICATED: readonly Rule[] = [
  block,
  domain,
  require128,
  minimum,
  micPresence,
  bindingPresence,
  targetPresence,
];
const RULES: readonly Rule[] = [...UNAUTHENTICATED, bindingValue, targetValue, clock, avEcho];

function firstBroken(
  rules: readonly Rule[],
  received: Received,
  policy: AcceptorPolicy,
  scheme: Scheme,
): Refusal | undefined {
  for (const rule of rules) {
    const broken = rule(received, policy, scheme);
    if (broken) return broken;
  }
  return undefined;
}

/** Thunderbird sends `EXAMPLE\alice` whole as the user, Outlook `alice@example.com`. */
function domainOf({ user, domain: sent }: { readonly user: string; readonly domain: string }): string {
  if (sent !== "") return sent;
  const [backslash, at] = [user.indexOf("\\"), user.lastIndexOf("@")];
  if (backslash >= 0) return user.slice(0, backslash);
  return at >= 0 ? user.slice(at + 1) : "";
}

/** A client's text for the log: escaped, and as long as a name can be. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, NAME_LIMIT));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What a client has to hand back. MsvAvFlags and MsvAvTargetName are its own, whatever the server put there. */
const ECHOED: ReadonlySet<number> = new Set([
  AvId.MsvAvNbComputerName,
  AvId.MsvAvNbDomainName,
  AvId.MsvAvDnsComputerName,
  AvId.MsvAvDnsDomainName,
  AvId.MsvAvDnsTreeName,
  AvId.MsvAvTimestamp,
]);
