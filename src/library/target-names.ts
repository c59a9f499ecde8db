/** What a CHALLENGE_MESSAGE says of a server whose application does not care (MS-NLMP 3.2.5.1.1). */
import type { TargetNames } from "../core/validator.ts";

export type { TargetNames } from "../core/validator.ts";

const UNKNOWN_DOMAIN = "WORKGROUP";
const UNKNOWN_COMPUTER = "SERVER";

/** A server with a domain is a member of it, unless said otherwise. */
export function completeNames(names: Partial<TargetNames> = {}): TargetNames {
  return {
    netbiosDomain: UNKNOWN_DOMAIN,
    netbiosComputer: UNKNOWN_COMPUTER,
    domainJoined: names.netbiosDomain !== undefined,
    ...names,
  };
}
