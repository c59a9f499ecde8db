/**
 * Who may use which listener and protocol, and from where: asked once a logon is known to be right. Deny goes first,
 * across all rules that apply; then, if any of them allows somebody, one of them must allow this user.
 */
import { NtStatus } from "../core/nt-status.ts";
import { groupFinder } from "../core/membership.ts";
import type { Denied } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { makeNetworks } from "../wire/networks.ts";
import type { Identity } from "../core/identity.ts";
import type { AccessRule, People } from "./rules.ts";
import { userFinder } from "./users.ts";

/** undefined: may go on. */
export type JudgeAccess = (identity: Identity, visit: Place) => Denied | undefined;

/** What rules ask of a visit. */
export type Place = Pick<Visit, "listener" | "protocol" | "client">;

/** Compiles the rules once. Throws RangeError for what is no network. */
export function compileAccess(rules: readonly AccessRule[]): JudgeAccess {
  if (rules.length === 0) return () => undefined;
  const compiled = rules.map(compileRule);
  return (identity, visit) => {
    const opinions = compiled.filter(({ applies }) => applies(visit)).map(({ judge }) => judge(identity));
    const against = opinions.find(({ word }) => word === "denied");
    if (against !== undefined) return denied(identity, against.why);
    const lists = opinions.filter(({ word }) => word === "allowed" || word === "not allowed");
    if (lists.length === 0 || lists.some(({ word }) => word === "allowed")) return undefined;
    return denied(identity, lists.map(({ why }) => why).join("; "));
  };
}

/** For one question; whoever asks often compiles. */
export function judgeAccess(identity: Identity, visit: Place, rules: readonly AccessRule[]): Denied | undefined {
  return compileAccess(rules)(identity, visit);
}

/** What one rule has to say about somebody. */
export interface Opinion {
  readonly rule: string;
  readonly word: "denied" | "allowed" | "not allowed" | "nothing";
  readonly why: string;
}

/** The opinions of the rules that apply, in their order; for `postern explain`. */
export function opinionsOf(rules: readonly AccessRule[], identity: Identity, visit: Place): Opinion[] {
  const applying = rules.map(compileRule).filter(({ applies }) => applies(visit));
  return applying.map(({ judge }) => judge(identity));
}

function denied({ user }: Identity, why: string): Denied {
  return { kind: "denied", reason: "not-authorized", why, user, status: NtStatus.LOGON_TYPE_NOT_GRANTED };
}

interface CompiledRule {
  readonly applies: (visit: Place) => boolean;
  readonly judge: (identity: Identity) => Opinion;
}

function compileRule({ name: rule, listeners, protocols, networks, allow, deny }: AccessRule): CompiledRule {
  const isInside = networks && makeNetworks(networks);
  const isDenied = peopleFinder(deny);
  const isAllowed = peopleFinder(allow);
  return {
    applies: ({ listener, protocol, client }) =>
      (listeners?.includes(listener) ?? true) &&
      (protocols?.includes(protocol) ?? true) &&
      (isInside?.(client.address) ?? true),
    judge: (identity) => {
      const enemy = isDenied?.(identity);
      if (enemy !== undefined) return { rule, word: "denied", why: `access rule ${rule} denies ${enemy}` };
      const friend = isAllowed?.(identity);
      if (friend !== undefined) return { rule, word: "allowed", why: `access rule ${rule} allows ${friend}` };
      if (isAllowed === undefined) return { rule, word: "nothing", why: `access rule ${rule} does not deny the user` };
      return { rule, word: "not allowed", why: `access rule ${rule} does not allow the user` };
    },
  };
}

type FindPeople = (identity: Identity) => string | undefined;

/** "group staff"; undefined for who is in none of the lists. */
function peopleFinder(people: People | undefined): FindPeople | undefined {
  if (people === undefined) return undefined;
  const { users = [], groups = [], sids = [] } = people;
  const [findUser, findGroup, findSid] = [userFinder(users), groupFinder(groups), groupFinder(sids)];
  const shown = (kind: string, name: string | undefined) => name && `${kind} ${name}`;
  return (identity) =>
    shown("user", findUser(identity)) ?? shown("group", findGroup(identity)) ?? shown("SID", findSid(identity));
}
