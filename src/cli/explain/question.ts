/** What `postern explain login` is asked and what it answers: findings in the order in which a logon would meet them. */
import type { AccessRule, IdentityRules } from "../../access/rules.ts";
import type { Config, ListenerConfig, MechanismName } from "../../config/config.ts";
import type { Visit } from "../../core/visit.ts";

/** A configuration, with or without rules about identity and access. */
export type ExplainedConfig = Config & {
  readonly identity?: IdentityRules;
  readonly access?: readonly AccessRule[];
};

export interface Question {
  /** As the client sends it. */
  readonly name: string;
  /** NTLM's DomainName, "" for clients that name none there. */
  readonly domain: string;
  readonly listener: ListenerConfig;
  readonly mechanism: MechanismName;
  /** undefined: not said, and no rule about networks applies. */
  readonly address: string | undefined;
  /** Groups and SIDs to suppose, beside what can be known. */
  readonly groups: readonly string[];
  readonly sids: readonly string[];
  readonly now: Date;
}

export type Topic =
  | "mechanism"
  | "name"
  | "alias"
  | "domain"
  | "validator"
  | "ask"
  | "ntlm"
  | "account"
  | "mailbox"
  | "access"
  | "route"
  | "backend";

export interface Finding {
  readonly about: Topic;
  readonly words: string;
  /** The logon would end here. */
  readonly refuses?: true;
}

export function refusal(about: Topic, words: string): Finding {
  return { about, words, refuses: true };
}

export interface Explanation {
  readonly name: string;
  readonly listener: string;
  readonly protocol: string;
  readonly mechanism: string;
  readonly address: string | undefined;
  readonly findings: readonly Finding[];
  /** "in": if the secret is right. */
  readonly outcome: "in" | "refused";
}

/** A visit as it would be, under TLS. */
export function visitOf({ listener, address = "" }: Question): Visit {
  const { name, protocol } = listener;
  const client = { address, port: 0 };
  return { id: "explain", protocol, listener: name, client, secure: true, channelBinding: undefined, tls: undefined };
}

export function isNtlm(mechanism: MechanismName): boolean {
  return mechanism === "NTLM" || mechanism === "GSS-SPNEGO";
}
