/** What a protocol's front needs to serve one client, and what it can end with: the same for all protocols. */
import type { Answer } from "../core/answer.ts";
import type { Entry, Guest } from "../core/backend.ts";
import type { PasswordEvidence } from "../core/evidence.ts";
import type { NtlmFacts } from "../core/ntlm-facts.ts";
import type { Identity } from "../core/identity.ts";
import type { Denied, DenyReason } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import type { Conclusion, Offer } from "../sasl/mechanism.ts";
import type { Wire } from "../wire/wire.ts";
import type { Reveal, ToldReason } from "./told.ts";

/** `auto`: what every client takes; `rfc`: what the RFCs print; `exchange`: Exchange's forms, byte for byte. */
export type Dialect = "auto" | "rfc" | "exchange";

export interface FrontLimits {
  /** Longest command line, bytes. */
  readonly line: number;
  /** Unknown or malformed commands before the connection is closed. */
  readonly badCommands: number;
  /** Failed logons before the connection is closed. */
  readonly attempts: number;
  /** Milliseconds before the first "no"; doubles with each. */
  readonly failureDelay: number;
}

/** What an SMTP server behind can do, learned from its EHLO. Keywords in capitals, each with its parameters. */
export type Extensions = ReadonlyMap<string, string>;

/** One listener, as its protocol sees it. */
export interface Front {
  readonly serverName: string;
  readonly greeting: string | undefined;
  readonly dialect: Dialect;
  readonly limits: FrontLimits;
  /** Every mechanism that policy and validator allow, in the order of the configuration. */
  readonly offers: readonly Offer[];
  /** What a refused client hears of its account. */
  readonly reveal: Reveal;
  /** Mechanisms that show the password may be used without TLS. */
  readonly plaintextAllowed: boolean;
  /** STARTTLS may be used. */
  readonly starttls: boolean;
  /** Judges a bare name and password (USER/PASS, LOGIN); undefined where the listener takes none. */
  judgePassword?(evidence: PasswordEvidence, visit: Visit): Answer<Conclusion>;
  /** Continues under TLS. Throws WireClosed. */
  secure(client: Wire, visit: Visit): Promise<void>;
  /** Whether somebody who has proven who it is may use this listener; undefined: yes. */
  authorize(identity: Identity, visit: Visit): Denied | undefined;
  /** Finds the backend and logs on there. */
  enter(guest: Guest, visit: Visit): Promise<Entry>;
  /** SMTP: what the servers behind this listener can do. */
  extensions(): Extensions;
  /** Hears how each attempt ended, for the log and the sandbox. */
  attempted(visit: Visit, attempt: Attempt): void;
}

export interface Attempt {
  readonly mechanism: string;
  readonly claimed: string;
  /** NTLM only. */
  readonly ntlm?: NtlmFacts | undefined;
  readonly outcome: LogonOutcome;
}

/** How one attempt to log on ended, backend included. Every protocol has words for each kind. */
export type LogonOutcome =
  | (Entry & {
      readonly user: string;
      readonly scheme?: string | undefined;
      /** The name of the app password that was right. */
      readonly appPassword?: string | undefined;
    })
  | Refused
  | { readonly kind: "judge-unavailable"; readonly why: string }
  | { readonly kind: "cancelled" }
  | { readonly kind: "malformed"; readonly why: string };

/** The client is not let in. `user`: whose account it was about, where the judge knew. */
export interface Refused {
  readonly kind: "denied";
  readonly why: string;
  readonly reason: DenyReason | "unknown-user";
  readonly user?: string | undefined;
  /** NTSTATUS, for log and audit. */
  readonly status?: number | undefined;
  /** What the client may hear of it. */
  readonly told?: ToldReason | undefined;
}

export type Entered = Extract<LogonOutcome, { kind: "entered" }>;

/** Talks until someone is let in. undefined: the client has left, or was sent away. Throws WireClosed. */
export type Serve = (client: Wire, front: Front, visit: Visit) => Promise<Entered | undefined>;

/** What may be used now: passwords in clear only under TLS, unless the listener says otherwise. */
export function offersNow(front: Front, visit: Visit): readonly Offer[] {
  return front.offers.filter((offer) => isOffered(offer, front, visit));
}

function isOffered(offer: Offer, front: Front, visit: Visit): boolean {
  return (!offer.plaintext || plaintextNow(front, visit)) && offer.isPossible(visit);
}

export function plaintextNow(front: Front, visit: Visit): boolean {
  return visit.secure || front.plaintextAllowed;
}

/** Mechanism names are case-insensitive; `MSN` is what Outlook before 2000 and old Thunderbird call NTLM. */
export function findOffer(front: Front, visit: Visit, name: string): Offer | undefined {
  const wanted = name.toUpperCase() === "MSN" ? "NTLM" : name.toUpperCase();
  const offer = front.offers.find(({ name }) => name === wanted);
  return offer && isOffered(offer, front, visit) ? offer : undefined;
}
