/** The acceptor's rules, one function each: what a policy says to a logon (MS-NLMP 3.2.5.1.2). */
import { timingSafeEqual } from "node:crypto";
import type { NtlmLogon } from "./acceptor.ts";
import { AvId, avName, avValue } from "./av-pairs.ts";
import { messageIntegrityCode } from "./mic.ts";
import { refused, type AcceptorPolicy, type Refusal } from "./policy.ts";
import { isAllowed, type Scheme } from "./scheme.ts";

type Rule = (logon: NtlmLogon, policy: AcceptorPolicy, scheme: Scheme) => Refusal | undefined;

/** The first rule broken; without a key the MIC's value is not looked at, only whether it must be there. */
export function brokenRule(
  logon: NtlmLogon,
  policy: AcceptorPolicy,
  scheme: Scheme,
  exportedSessionKey?: () => Uint8Array,
): Refusal | undefined {
  const broken = firstBroken([minimum, micPresence, bindingPresence, bindingValue, avEcho], logon, policy, scheme);
  if (broken || !exportedSessionKey || policy.mic === "off" || !logon.micPresent) return broken;
  return micValue(logon, exportedSessionKey());
}

/** The first rule broken of those that need no proof: they ask what is there, not whether it is right. */
export function brokenUnauthenticatedRule(
  logon: NtlmLogon,
  policy: AcceptorPolicy,
  scheme: Scheme,
): Refusal | undefined {
  return firstBroken([minimum, micPresence, bindingPresence], logon, policy, scheme);
}

const minimum: Rule = (_logon, policy, scheme) => {
  if (isAllowed(scheme, policy.minimum)) return undefined;
  return refused("minimum", `the client answered with ${scheme}, the least accepted here is ${policy.minimum}`);
};

/** Only an NTLMv2 response protects the bit that announces a MIC. */
const micPresence: Rule = (logon, policy, scheme) => {
  if (policy.mic !== "require" || (logon.micPresent && scheme === "NTLMv2")) return undefined;
  return refused("mic", `no MIC, and this listener requires one (${scheme})`);
};

const bindingPresence: Rule = (logon, policy, scheme) => {
  if (policy.channelBinding !== "require") return undefined;
  if (!logon.channelBinding)
    return refused("channel-binding", "a channel binding is required, but this connection has none");
  if (logon.bindingPresent && scheme === "NTLMv2") return undefined;
  return refused("channel-binding", "no channel binding, and this listener requires one");
};

/**
 * All zeros mean "none" (Samba's clients). Who is bound to a TLS channel while ours has none talked to somebody else's:
 * its messages are relayed, or a TLS terminator stands in front of us (then the policy is "off").
 */
const bindingValue: Rule = (logon, policy) => {
  if (policy.channelBinding === "off" || !logon.bindingPresent) return undefined;
  if (!logon.channelBinding)
    return refused("channel-binding", "the client is bound to a TLS channel, and this connection has none");
  const value = avValue(logon.clientChallenge?.pairs ?? [], AvId.MsvAvChannelBindings);
  if (value && isSame(value, logon.channelBinding)) return undefined;
  return refused("channel-binding", "the client is bound to another TLS channel: something stands in between");
};

/** What we said of ourselves, if repeated, must be repeated as said; clients may drop pairs and reorder them. */
const avEcho: Rule = (logon, policy) => {
  if (policy.avEcho === "off") return undefined;
  for (const { id, value } of logon.pending.targetInfo) {
    if (!ECHOED.has(id)) continue;
    const echo = avValue(logon.clientChallenge?.pairs ?? [], id);
    if (echo && !isSame(echo, value)) {
      return refused(
        "av-echo",
        `the client repeats another ${avName(id)} than was sent: it may have talked to another server`,
      );
    }
  }
  return undefined;
};

function micValue(logon: NtlmLogon, exportedSessionKey: Uint8Array): Refusal | undefined {
  const { mic } = logon.authenticate;
  if (!mic) return refused("mic", "a MIC is announced, but the message has no room for one");
  const { negotiate, message } = logon.pending;
  if (isSame(messageIntegrityCode(exportedSessionKey, negotiate, message, logon.message), mic)) return undefined;
  return refused("mic", "the MIC is wrong: a message was altered on its way");
}

function firstBroken(
  rules: readonly Rule[],
  logon: NtlmLogon,
  policy: AcceptorPolicy,
  scheme: Scheme,
): Refusal | undefined {
  for (const rule of rules) {
    const broken = rule(logon, policy, scheme);
    if (broken) return broken;
  }
  return undefined;
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
