/** The words of identity and access rules, as config.yaml gives them and the rest of this room compiles them. */
import type { ProtocolName } from "../core/visit.ts";

/** In which form a validator is asked about a name that came with a password, a token or a certificate. */
export type NameForm = "as-sent" | "user" | "user@dns" | "NETBIOS\\user";

/** One domain with all its names; at least one of them. */
export interface DomainRule {
  /** "EXAMPLE" */
  readonly netbios?: string | undefined;
  /** The first is the one that mailboxes are named with. */
  readonly dns: readonly string[];
  /** Who judges its users. Default: the listener's own validator. */
  readonly validator?: string | undefined;
  readonly ask: NameForm;
  /** Template of the mailbox that its users open; default: the listener's, or all listeners'. */
  readonly mailbox?: string | undefined;
  /** Where the rule holds. Default: everywhere. */
  readonly listeners?: readonly string[] | undefined;
}

/** A name that is no account's, and the account it stands for. */
export interface Alias {
  readonly name: string;
  readonly means: string;
  readonly listeners?: readonly string[] | undefined;
}

/** What a listener can say otherwise than all listeners. */
export interface IdentityDefaults {
  /** A name of one of the domains, for clients that name none. */
  readonly defaultDomain?: string | undefined;
  readonly mailbox?: string | undefined;
  /** Domains that no rule knows: the listener's own validator is asked, or nobody. */
  readonly unknownDomains?: "ask" | "refuse" | undefined;
}

export interface IdentityRules extends IdentityDefaults {
  readonly domains: readonly DomainRule[];
  readonly aliases: readonly Alias[];
  /** By the listener's name. */
  readonly listeners: Readonly<Record<string, IdentityDefaults>>;
}

/** Users, groups and SIDs; whoever is in one of the lists is meant. */
export interface People {
  /** Globs in any case: "alice", "EXAMPLE\\scan*", "*@example.com". */
  readonly users?: readonly string[] | undefined;
  /** Names or SIDs. */
  readonly groups?: readonly string[] | undefined;
  readonly sids?: readonly string[] | undefined;
}

/** Applies where all conditions hold that it has. */
export interface AccessRule {
  readonly name: string;
  readonly listeners?: readonly string[] | undefined;
  readonly protocols?: readonly ProtocolName[] | undefined;
  /** Addresses, or networks in CIDR form. */
  readonly networks?: readonly string[] | undefined;
  readonly allow?: People | undefined;
  readonly deny?: People | undefined;
}
