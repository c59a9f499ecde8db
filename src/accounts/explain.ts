/** Why a response was wrong, in the words of ntlm/diagnose.ts, as often as that may cost. */
import type { NtlmEvidence } from "../core/evidence.ts";
import type { TargetNames } from "../core/validator.ts";
import type { NtlmLogon } from "../ntlm/acceptor.ts";
import { diagnose } from "../ntlm/diagnose.ts";
import type { Hashes } from "../ntlm/responses.ts";
import type { Scheme } from "../ntlm/scheme.ts";
import type { Account } from "./account.ts";

/** A diagnosis tries hundreds of names in 1 to 5 ms: somebody who guesses must not be able to buy a second of them. */
const PER_SECOND = 20;

export type Explain = (account: Account, hashes: Hashes, evidence: NtlmEvidence, scheme: Scheme) => string;

/** `names` are the server's, which clients mistake for their domain. */
export function explainer(names: TargetNames): Explain {
  let second = 0;
  let left = PER_SECOND;
  const mayLook = () => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, left] = [now, PER_SECOND];
    return left-- > 0;
  };
  return (account, hashes, evidence, scheme) => {
    const words = mayLook() ? diagnose(asLogon(evidence, scheme), hashes, namesOf(account, names)) : undefined;
    return words ?? `the ${scheme} response is wrong: another password, or other names`;
  };
}

/** A judge sees the responses, not the messages; the names in the CHALLENGE come with the account's instead. */
function asLogon(evidence: NtlmEvidence, scheme: Scheme): NtlmLogon {
  const seen: Pick<NtlmLogon, "kind" | "evidence" | "scheme"> = { kind: "logon", evidence, scheme };
  return { ...seen, pending: { targetInfo: [] as NtlmLogon["pending"]["targetInfo"] } } as NtlmLogon;
}

function namesOf({ identity, domains, name }: Account, names: TargetNames): { user: string; domain: string }[] {
  const { netbiosDomain, netbiosComputer, dnsDomain, dnsComputer } = names;
  const all = [...domains, netbiosDomain, netbiosComputer, dnsDomain, dnsComputer].filter(
    (domain) => domain !== undefined,
  );
  return [{ user: name, domain: "" }, ...all.map((domain) => ({ user: identity.user, domain }))];
}
