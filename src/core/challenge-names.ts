/**
 * Whose names a CHALLENGE_MESSAGE carries (MS-NLMP 3.2.5.1.1) where several validators judge what comes back: it goes out
 * before the client has named anybody. Only a domain controller looks at them in the response.
 */
import type { Able, NtlmJudge } from "./validator.ts";
import type { Visit } from "./visit.ts";

/** The first that is bound to its names, else the first. */
export function challengerAmong(judges: readonly Able<"ntlm">[]): Able<"ntlm"> | undefined {
  return judges.find(({ ntlm }) => ntlm.isBoundToNames) ?? judges[0];
}

/** The challenger's names; `warn` hears once, at the first CHALLENGE, whose users will be refused because of them. */
export function namesTeller(
  challenger: Able<"ntlm">,
  judges: readonly Able<"ntlm">[],
  warn: (why: string) => void,
): NtlmJudge["names"] {
  let isChecked = false;
  return (visit) => {
    if (!isChecked) {
      isChecked = true;
      for (const why of challengeConflicts(challenger, judges, visit)) warn(why);
    }
    return challenger.ntlm.names(visit);
  };
}

/** A sentence for the administrator about each judge that refuses responses to the challenger's names. */
export function challengeConflicts(
  challenger: Able<"ntlm">,
  judges: readonly Able<"ntlm">[],
  visit: Visit,
): readonly string[] {
  const shown = inWords(challenger, visit);
  return judges
    .filter((each) => each.ntlm.isBoundToNames && inWords(each, visit) !== shown)
    .map(
      (each) =>
        `NTLM clients are shown ${shown} (validator ${challenger.name}), but ${each.name} is ${inWords(each, visit)}: ` +
        "its domain controller refuses good users who repeat other names; give its domain a listener of its own",
    );
}

/** Case means nothing in them. */
function inWords({ ntlm }: Able<"ntlm">, visit: Visit): string {
  const { netbiosDomain, netbiosComputer, dnsDomain, dnsComputer } = ntlm.names(visit);
  const dns = [dnsDomain, dnsComputer].filter((name) => name !== undefined);
  const netbios = `${netbiosDomain}\\${netbiosComputer}`.toUpperCase();
  return dns.length === 0 ? netbios : `${netbios} (${dns.join(", ").toLowerCase()})`;
}
