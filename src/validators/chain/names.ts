/**
 * Whose names a chain's CHALLENGE_MESSAGE carries (MS-NLMP 3.2.5.1.1). There is one CHALLENGE for all members, and a domain
 * controller refuses good users whose response echoes other names than its own machine account's.
 */
import type { Able, NtlmJudge, TargetNames, Validator } from "../../core/validator.ts";
import { can } from "../../core/validator.ts";

export type Log = (level: "error" | "warn" | "info" | "debug", message: string, fields: Fields) => void;
type Fields = Readonly<Record<string, unknown>>;

/** Those of the member at `chosen`; that another member has others is logged once. */
export function namesTeller(
  chain: string,
  validators: readonly Able<"ntlm">[],
  chosen: number,
  log: Log,
): NtlmJudge["names"] {
  let isChecked = validators.length < 2;
  return (visit) => {
    if (!isChecked) {
      isChecked = true;
      const all = validators.map(({ name, ntlm }) => ({ name, names: ntlm.names(visit) }));
      const why = differingNames(all, all[chosen]!.name);
      if (why !== undefined) log("warn", why, { validator: chain });
    }
    return validators[chosen]!.ntlm.names(visit);
  };
}

export interface Named {
  /** The validator's. */
  readonly name: string;
  readonly names: TargetNames;
}

/**
 * A sentence for the administrator when not all members that judge NTLM have the same names. `chosen`: whose names go into
 * the CHALLENGE; default: the first one's.
 */
export function differingNames(members: readonly Named[], chosen = members[0]?.name): string | undefined {
  const mine = members.find(({ name }) => name === chosen);
  const other = members.find(({ names }) => mine !== undefined && !isSame(names, mine.names));
  if (mine === undefined || other === undefined) return undefined;
  const [ours, theirs] = [mine, other].map(({ names }) => `${names.netbiosDomain}\\${names.netbiosComputer}`);
  return (
    `NTLM clients are shown the names of ${mine.name} (${ours}), but ${other.name} has others (${theirs}): ` +
    `a domain controller refuses good users then`
  );
}

/** What goes into TargetInfo, without regard to case. */
function isSame(one: TargetNames, other: TargetNames): boolean {
  const words = ({ netbiosDomain, netbiosComputer, dnsDomain, dnsComputer, dnsForest, domainJoined }: TargetNames) =>
    JSON.stringify([netbiosDomain, netbiosComputer, dnsDomain, dnsComputer, dnsForest, domainJoined]).toLowerCase();
  return words(one) === words(other);
}

/**
 * Sentences about members whose users would be offered what they cannot use: clients take the strongest mechanism offered
 * and try no other when it fails.
 */
export function lockedOut(members: readonly Validator[]): readonly string[] {
  const passwords = members.filter((member) => can(member, "password"));
  const needs = [
    ["ntlm", "NTLM"],
    ["keys", "SCRAM and CRAM-MD5"],
  ] as const;
  return needs.flatMap(([need, mechanisms]) => {
    const able = members.find((member) => can(member, need));
    const unable = passwords.filter((member) => !can(member, need)).map(({ name }) => name);
    if (able === undefined || unable.length === 0) return [];
    return [`users of ${unable.join(", ")} fail where ${mechanisms} is offered, which ${able.name} judges`];
  });
}
