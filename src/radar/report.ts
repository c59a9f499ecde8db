/** What was seen, chosen and ordered for whoever has to retire NTLM, and what an assumed policy would do to it. */
import { splitName } from "../core/identity.ts";
import type { Entry } from "./entry.ts";
import type { Snapshot } from "./state.ts";
import { judge, type Assumption, type Fate, type IsOurs, type Judgement } from "./what-if.ts";

export interface Filters {
  /** Milliseconds since 1970: only what was seen then or later. */
  readonly since?: number | undefined;
  /** Any of them. */
  readonly listeners?: readonly string[] | undefined;
  /** Any of them, in any case: the account, or the name as it was sent, with or without its domain. */
  readonly users?: readonly string[] | undefined;
}

/**
 * `high`: whoever listens can find the password out (LM, NTLMv1, NTLM2 session: DES with the hash as key).
 * `medium`: an attacker in between can use the logon elsewhere. `low`: bound to the TLS connection, and unaltered.
 */
export type Risk = "high" | "medium" | "low";

export interface Row {
  readonly entry: Entry;
  readonly risk: Risk;
  /** undefined: nothing was assumed. */
  readonly judgement: Judgement | undefined;
}

export interface Report {
  readonly snapshot: Snapshot;
  readonly filters: Filters;
  readonly assumptions: readonly Assumption[];
  /** Accepted logons. Under assumptions those that break come first; then by risk, then the latest first. */
  readonly rows: readonly Row[];
  /** Failed logons; nothing is assumed about them. */
  readonly failed: readonly Row[];
}

export function makeReport(
  snapshot: Snapshot,
  filters: Filters,
  assumptions: readonly Assumption[],
  isOurs?: IsOurs,
): Report {
  const chosen = (entries: readonly Entry[]): Entry[] => entries.filter((entry) => isChosen(entry, filters));
  const row = (entry: Entry, judgement: Judgement | undefined): Row => ({ entry, risk: riskOf(entry), judgement });
  const rows = chosen(snapshot.seen).map((entry) =>
    row(entry, assumptions.length > 0 ? judge(entry, assumptions, isOurs) : undefined),
  );
  const failed = chosen(snapshot.failed).map((entry) => row(entry, undefined));
  return { snapshot, filters, assumptions, rows: rows.sort(byUrgency), failed: failed.sort(byUrgency) };
}

function isChosen(entry: Entry, { since = 0, listeners = [], users = [] }: Filters): boolean {
  if (entry.lastSeen < since || (listeners.length > 0 && !listeners.includes(entry.listener))) return false;
  const names = [entry.user, entry.sentUser, splitName(entry.sentUser).user, `${entry.sentDomain}\\${entry.sentUser}`];
  const known = names.map((name) => name.toLowerCase());
  return users.length === 0 || users.some((user) => known.includes(user.toLowerCase()));
}

export function riskOf({ scheme, mic, channelBinding }: Entry): Risk {
  if (scheme !== "NTLMv2" && scheme !== "LMv2") return "high";
  return scheme === "NTLMv2" && mic === "right" && channelBinding === "right" ? "low" : "medium";
}

const FATES: readonly (Fate | undefined)[] = ["breaks", "might break", "works", undefined];
const RISKS: readonly Risk[] = ["high", "medium", "low"];
/** Weakest first; one that is not known could be any. */
const SCHEMES: readonly string[] = ["", "LM", "NTLMv1", "NTLM2 session", "LMv2", "NTLMv2"];

function byUrgency(a: Row, b: Row): number {
  return (
    FATES.indexOf(a.judgement?.fate) - FATES.indexOf(b.judgement?.fate) ||
    RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk) ||
    SCHEMES.indexOf(a.entry.scheme) - SCHEMES.indexOf(b.entry.scheme) ||
    Number(a.entry.tls) - Number(b.entry.tls) ||
    b.entry.lastSeen - a.entry.lastSeen
  );
}

export interface Tally {
  readonly users: number;
  /** Ways of logging on: rows. */
  readonly ways: number;
  readonly logons: number;
}

export interface Consequences {
  readonly all: Tally;
  readonly breaks: Tally;
  readonly mightBreak: Tally;
  /** Those of `breaks.users` all of whose rows break. */
  readonly lockedOut: number;
}

/** What the report's assumptions would do. */
export function consequencesOf({ rows }: Report): Consequences {
  const of = (fate: Fate): Row[] => rows.filter(({ judgement }) => judgement?.fate === fate);
  const [breaks, others] = [of("breaks"), new Set(usersOf([...of("works"), ...of("might break")]))];
  const lockedOut = usersOf(breaks).filter((user) => !others.has(user)).length;
  return { all: tally(rows), breaks: tally(breaks), mightBreak: tally(of("might break")), lockedOut };
}

export function tally(rows: readonly Row[]): Tally {
  const logons = rows.reduce((sum, { entry }) => sum + entry.successes, 0);
  return { users: usersOf(rows).length, ways: rows.length, logons };
}

function usersOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ entry }) => entry.user.toLowerCase()))];
}

/** What this report cannot know, a sentence each. */
export function limitsOf({ snapshot, rows, failed, filters, assumptions }: Report): string[] {
  const { dropped } = snapshot;
  const unchecked = rows.some(({ entry }) => entry.mic === "unchecked" || entry.channelBinding === "unchecked");
  const failures = failed.reduce((sum, { entry }) => sum + entry.failures, 0);
  const isTargeted = assumptions.some(({ rule, value }) => rule === "targetName" && value !== "off");
  const sentences: readonly (readonly [boolean, string])[] = [
    [rows.length === 0, "Nobody was seen logging on with NTLM: that is no proof that nobody does."],
    [true, "Who did not log on while Postern was watching: holidays, yearly jobs."],
    [assumptions.length > 0, "Whether those who break have another way in (PLAIN, SCRAM, a bearer token)."],
    [
      failures > 0,
      `Who was behind ${counted(failures, "failed logon")}: nobody proved to be anyone, so they are left out of every count.`,
    ],
    [
      rows.some(({ entry }) => entry.client !== "unknown"),
      "Which client it really was: that is a guess from its messages.",
    ],
    [
      assumptions.length > 0 && rows.some(({ entry }) => entry.exception !== ""),
      "Whether an exception of the policy will let some of them in all the same.",
    ],
    [unchecked, "Whether what is `unchecked` would have been right: the policy did not look at it."],
    [isTargeted, "Whether other programs at the same client send the target name that was seen last."],
    [dropped.entries > 0, droppedInWords(dropped)],
    [filters.since !== undefined, "Counts of the chosen time alone: they go back to when each row was first seen."],
  ];
  return sentences.flatMap(([applies, sentence]) => (applies ? [sentence] : []));
}

function droppedInWords({ entries, lastSeen }: Snapshot["dropped"]): string {
  return `${counted(entries, "row")} made room for newer ones, the latest last seen ${minute(lastSeen)}.`;
}

/** "1 row", "2 rows". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `2026-01-31 23:59Z`. */
export function minute(milliseconds: number): string {
  return `${iso(milliseconds).slice(0, 16).replace("T", " ")}Z`;
}

/** A file can hold a number that is no date; the last moment that Date knows is as good as any then. */
export function iso(milliseconds: number): string {
  return new Date(Math.min(milliseconds, LAST_MOMENT)).toISOString().replace("+", "");
}

/** ECMA-262 section 21.4.1.1, cut to years of four digits. */
const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59);
