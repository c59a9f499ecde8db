/** The policies in force and their exceptions as plain data, for `postern policy` and whoever keeps watch over them. */
import type { Reveal } from "../ntlm/open-challenge.ts";
import { DEFAULT_POLICY, type AcceptorPolicy } from "../ntlm/policy.ts";
import { policyOf } from "./demands.ts";
import { daysLeft } from "./expiry.ts";
import { exceptionName, type NtlmDemands, type PolicyListener, type Scope, type SitePolicy } from "./words.ts";

export interface PolicyReport {
  /** The day in UTC, "2026-12-31". */
  readonly today: string;
  readonly listeners: readonly ListenerReport[];
  readonly rules: readonly RuleReport[];
  readonly exceptions: readonly ExceptionReport[];
  /** Names of the exceptions that have expired. */
  readonly expired: readonly string[];
}

export interface ListenerReport {
  readonly name: string;
  readonly protocol: string;
  /** NTLM or GSS-SPNEGO is among its mechanisms. */
  readonly offersNtlm: boolean;
  /** Every demand, the defaults filled in. */
  readonly policy: AcceptorPolicy;
  /** What its CHALLENGE tells strangers. */
  readonly reveal: Reveal;
}

export interface RuleReport extends Required<Scope> {
  readonly name: string;
  readonly require: NtlmDemands;
}

export interface ExceptionReport extends Required<Scope> {
  readonly name: string;
  readonly owner: string;
  readonly reason: string;
  readonly expires: string;
  /** Whole days after today: 0 on the last day, negative when it has expired. */
  readonly daysLeft: number;
  readonly expired: boolean;
  readonly allow: NtlmDemands;
}

export type ReportedListener = PolicyListener & Pick<ListenerReport, "offersNtlm" | "reveal">;

/** `now`: milliseconds since 1970. */
export function reportPolicy(listeners: readonly ReportedListener[], site: SitePolicy, now: number): PolicyReport {
  const exceptions = (site.exceptions ?? []).map((exception, index) => {
    const { owner, reason, expires, allow } = exception;
    const left = daysLeft(expires, now);
    const name = exceptionName(exception, index);
    return { name, owner, reason, expires, daysLeft: left, expired: left < 0, ...scopeOf(exception), allow };
  });
  return {
    today: new Date(now).toISOString().slice(0, "2026-12-31".length),
    listeners: listeners.map((listener) => {
      const { name, protocol, offersNtlm, reveal } = listener;
      return { name, protocol, offersNtlm, reveal, policy: { ...NOTHING_MORE, ...policyOf(listener) } };
    }),
    rules: (site.rules ?? []).map((rule) => ({ name: rule.name, ...scopeOf(rule), require: rule.require })),
    exceptions,
    expired: exceptions.filter(({ expired }) => expired).map(({ name }) => name),
  };
}

/** What is off unless it is said, shown so that nobody has to know it. */
const NOTHING_MORE: AcceptorPolicy = { ...DEFAULT_POLICY, targetName: "off", require128: false, block: false };

function scopeOf({ listeners, networks, users }: Scope): Required<Scope> {
  return { listeners, networks, users };
}
