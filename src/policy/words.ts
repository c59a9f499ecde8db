/** The words of NTLM policies: what a listener wants, rules that want more, and exceptions that for a while want less. */
import type { ProtocolName } from "../core/visit.ts";
import type { AcceptorPolicy } from "../ntlm/policy.ts";

/** What can be said of NTLM at a listener, in a rule or in an exception; see AcceptorPolicy. */
export type NtlmDemands = {
  readonly [Key in Exclude<keyof AcceptorPolicy, "targets">]?: AcceptorPolicy[Key] | undefined;
} & {
  /** Names that clients may mean besides this server's own. */
  readonly targetHosts?: readonly string[] | undefined;
};

export interface PolicyListener {
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly ntlm: NtlmDemands;
  /** Names under which clients know this server, from its configuration and its certificates. */
  readonly hosts: readonly string[];
}

/** Whom a rule or exception is about: whoever fits all that is said. Left out means anybody. */
export interface Scope {
  readonly listeners?: readonly string[] | undefined;
  /** Addresses, or networks in CIDR form. */
  readonly networks?: readonly string[] | undefined;
  /** Globs in any case: "scan*", "EXAMPLE\\scan*" or "scan*@example.com". */
  readonly users?: readonly string[] | undefined;
}

/** Makes what the listener wants stricter, never laxer: of two demands the stricter holds. All that fit apply. */
export interface PolicyRule extends Scope {
  readonly name: string;
  readonly require: NtlmDemands;
}

/** Replaces some demands. A logon needs one exception that is enough by itself; two halves do not add up. */
export interface PolicyException extends Scope {
  /** In the log. Default: its place in the list. */
  readonly name?: string | undefined;
  /** Who answers for it. */
  readonly owner: string;
  /** The last day on which it applies, "2026-12-31", in UTC. */
  readonly expires: string;
  readonly reason: string;
  readonly allow: NtlmDemands;
}

export interface SitePolicy {
  readonly rules?: readonly PolicyRule[] | undefined;
  readonly exceptions?: readonly PolicyException[] | undefined;
}

export function exceptionName({ name }: PolicyException, index: number): string {
  return name ?? `#${index + 1}`;
}
