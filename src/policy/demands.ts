/** Demands put together: a listener's with the defaults, the stricter of two, and an exception's in place of others. */
import type { ProtocolName } from "../core/visit.ts";
import { DEFAULT_POLICY, type AcceptorPolicy, type Presence } from "../ntlm/policy.ts";
import { stronger } from "../ntlm/scheme.ts";
import type { NtlmDemands, PolicyListener } from "./words.ts";

/** What the listener wants of everybody. */
export function policyOf({ ntlm, protocol, hosts }: PolicyListener): AcceptorPolicy {
  return relaxed({ ...DEFAULT_POLICY, targets: { services: SERVICES[protocol], hosts } }, ntlm);
}

/** The demands that are given take the place of the policy's; more names are only added. */
export function relaxed(policy: AcceptorPolicy, { targetHosts, ...demands }: NtlmDemands): AcceptorPolicy {
  const given = Object.fromEntries(Object.entries(demands).filter(([, value]) => value !== undefined));
  const { services, hosts } = policy.targets ?? { services: [], hosts: [] };
  return { ...policy, ...given, targets: { services, hosts: targetHosts ? [...hosts, ...targetHosts] : hosts } };
}

/** Of each demand the stricter one; more names for us would be laxer and count for nothing here. */
export function tightened(policy: AcceptorPolicy, demands: NtlmDemands): AcceptorPolicy {
  return {
    ...policy,
    minimum: stronger(policy.minimum, demands.minimum ?? policy.minimum),
    mic: stricter(policy.mic, demands.mic),
    channelBinding: stricter(policy.channelBinding, demands.channelBinding),
    avEcho: demands.avEcho === "verify-if-present" ? demands.avEcho : policy.avEcho,
    targetName: stricter(policy.targetName, demands.targetName),
    clockWindow: smaller(policy.clockWindow, demands.clockWindow),
    allowedDomains: common(policy.allowedDomains, demands.allowedDomains),
    blockedDomains: [...(policy.blockedDomains ?? []), ...(demands.blockedDomains ?? [])],
    require128: policy.require128 === true || demands.require128 === true,
    block: policy.block === true || demands.block === true,
  };
}

const LAXEST_FIRST: readonly Presence[] = ["off", "verify-if-present", "require"];

function stricter(a: Presence = "off", b: Presence = "off"): Presence {
  return LAXEST_FIRST.indexOf(a) > LAXEST_FIRST.indexOf(b) ? a : b;
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a !== undefined && b !== undefined ? Math.min(a, b) : (a ?? b);
}

type Domains = readonly string[] | undefined;

function common(a: Domains, b: Domains): Domains {
  if (!a || !b) return a ?? b;
  const wanted = new Set(b.map((domain) => domain.toLowerCase()));
  return a.filter((domain) => wanted.has(domain.toLowerCase()));
}

/**
 * Service classes that clients put before the host: registered for GSS-API (IANA: pop, imap, smtp), Microsoft's own
 * (POP3, IMAP4, SMTPSVC), and "host", which stands for every service of a machine.
 */
const SERVICES: Readonly<Record<ProtocolName, readonly string[]>> = {
  pop3: ["pop", "pop3", "host"],
  imap: ["imap", "imap4", "host"],
  smtp: ["smtp", "smtpsvc", "host"],
};
