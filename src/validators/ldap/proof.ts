/** Passwords proven by a simple bind (RFC 4513 section 5.1.3): as the entry that was found, or as a name made by a template. */
import { randomBytes } from "node:crypto";
import { denialByState } from "../../accounts/state.ts";
import { oursAmong } from "../../accounts/names.ts";
import type { PasswordEvidence } from "../../core/evidence.ts";
import { isPlausibleName, splitName } from "../../core/identity.ts";
import { NtStatus } from "../../core/nt-status.ts";
import type { Denied, Unknown, Verdict } from "../../core/verdict.ts";
import type { Visit } from "../../core/visit.ts";
import type { Connection } from "./connection.ts";
import { meant, type Directory, type Found } from "./directory.ts";
import { failureOf, refusedBind } from "./failure.ts";
import type { AskGroups } from "./groups.ts";
import { identityOf } from "./identity.ts";
import type { LdapOptions } from "./options.ts";
import { Pace } from "../pace.ts";
import { bindTemplate, escapeDn } from "./template.ts";

/** Directories hash what comes; nobody types this much. */
const PASSWORD_LIMIT = 1024;
const NOBODY: Unknown = { kind: "unknown", why: "no entry of this name and domain" };

export type JudgePassword = (evidence: PasswordEvidence, visit: Visit) => Promise<Verdict>;

/** Throws Error with a sentence for the administrator. What it gives rejects with DirectoryFailure. */
export function bindJudge(options: LdapOptions, directory: Directory, groups: AskGroups): JudgePassword {
  const byMode =
    options.mode === "bind" ? templateJudge(options, directory, groups) : searchJudge(options, directory, groups);
  return async (evidence, visit) => {
    const text = evidence.password.reveal();
    if (!isPlausibleName(evidence.username)) return refuse("the name is empty, too long or has control characters");
    // Before anything is sent: an empty password binds anonymously, and does so successfully.
    if (text === "" || text.length > PASSWORD_LIMIT || text.includes("\0") || !text.isWellFormed())
      return refuse("the password is empty, too long or no text");
    return byMode(evidence.username, text, visit);
  };
}

function refuse(why: string): Denied {
  return { kind: "denied", reason: "bad-credentials", why, status: NtStatus.LOGON_FAILURE };
}

type JudgeText = (username: string, password: string, visit: Visit) => Promise<Verdict>;

function searchJudge(options: LdapOptions, directory: Directory, groups: AskGroups): JudgeText {
  const base = options.users?.base;
  if (base === undefined) throw new Error("ldap in mode search wants to know where users are");
  const pace = new Pace();
  return async (username, password, visit) => {
    const found = meant(username, await directory.find(username), directory.isOurs);
    const started = performance.now();
    if (found === undefined) {
      // As slow as a known name with a wrong password, so that times do not tell who exists.
      const nobody = `cn=${escapeDn(randomBytes(12).toString("hex"))},${base}`;
      await prove(directory, nobody, randomBytes(12).toString("hex"), username);
      await pace.keep(started);
      return NOBODY;
    }
    const refusal = await prove(directory, found.entry.dn, password, found.user);
    if (refusal?.kind === "denied") pace.learn(performance.now() - started);
    // The entry has been found: a directory that says there is none is of another opinion about the password only.
    if (refusal !== undefined) return refusal.kind === "unknown" ? refuse("wrong password") : refusal;
    return admit(found, visit, options, directory, groups);
  };
}

/** undefined: the password is the entry's own. */
async function prove(directory: Directory, name: string, password: string, user: string): Promise<Verdict | undefined> {
  try {
    await directory.binds.use((connection) => connection.bind(name, password));
    return undefined;
  } catch (error) {
    const refusal = refusedBind(error, user);
    if (refusal === undefined) throw failureOf(error, "the user's bind");
    return refusal;
  }
}

/** The password is right: what remains is what the entry says. */
async function admit(
  found: Found,
  visit: Visit,
  options: LdapOptions,
  { schema }: Directory,
  groups: AskGroups,
  on?: Connection,
): Promise<Verdict> {
  const state = schema.stateOf(found.entry, true);
  const circumstances = { now: new Date(), listener: visit.listener, workstation: undefined, byNtlm: false };
  const denial = denialByState(state, { ...circumstances, by: "password" }, found.user);
  if (denial !== undefined) return denial;
  return { kind: "accepted", identity: identityOf(found, await groups(found, on), options) };
}

function templateJudge(options: LdapOptions, directory: Directory, groups: AskGroups): JudgeText {
  if (options.bindName === undefined) throw new Error("ldap in mode bind wants to know which name is bound");
  const template = bindTemplate(options.bindName);
  const domain = options.domain ?? options.names.dnsDomain ?? options.names.netbiosDomain;
  const isOurs = oursAmong({ ...options.names, dnsComputer: domain });
  const entryAt = entryReader(directory, (each) => isOurs(each.toLowerCase()) || directory.isOurs(each));
  return async (username, password, visit) => {
    const given = splitName(username);
    if (given.domain !== undefined && !isOurs(given.domain.toLowerCase()) && !directory.isOurs(given.domain))
      return NOBODY;
    const name = template({ user: given.user, domain });
    if (name === undefined || given.user === "") return NOBODY;
    let verdict: Verdict | undefined;
    try {
      await directory.binds.use(async (connection) => {
        await connection.bind(name, password);
        const on = options.account === undefined ? connection : undefined;
        verdict = await admitBound({ name, user: given.user, on }, visit, { options, directory, groups, entryAt });
      });
    } catch (error) {
      const refusal = verdict === undefined ? refusedBind(error, given.user) : undefined;
      if (refusal === undefined) throw failureOf(error, "the user's bind");
      return refusal;
    }
    return verdict ?? NOBODY;
  };
}

interface Bound {
  readonly name: string;
  readonly user: string;
  readonly on: Connection | undefined;
}

interface Parts {
  readonly options: LdapOptions;
  readonly directory: Directory;
  readonly groups: AskGroups;
  readonly entryAt: (bound: Bound) => Promise<Found | undefined>;
}

async function admitBound(
  bound: Bound,
  visit: Visit,
  { options, directory, groups, entryAt }: Parts,
): Promise<Verdict> {
  if (options.users === undefined) {
    const user = bound.user.toLowerCase();
    const domain = options.names.netbiosDomain;
    return { kind: "accepted", identity: { user, domain, mailbox: user, groups: [], attributes: {} } };
  }
  const found = await entryAt(bound);
  if (found === undefined)
    return {
      kind: "denied",
      reason: "not-authorized",
      why: "the filter for users does not find the account",
      user: bound.user,
    };
  return admit(found, visit, options, directory, groups, bound.on);
}

/**
 * The entry of who has been bound and of nobody else: at the DN that was bound, else by the name as it was bound, because
 * the part before the "@" can be the name of another account.
 */
function entryReader({ find }: Directory, isOurs: (domain: string) => boolean): Parts["entryAt"] {
  return async ({ name, user, on }) => {
    if (name.includes("=")) return (await find(user, { on, at: name }))[0];
    const sought = name.includes("@") ? name : user;
    return meant(sought, await find(sought, { on }), isOurs);
  };
}
