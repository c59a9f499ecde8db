/** Logons as a gateway hands them to the radar, an ordinary one unless told otherwise. */
import type { NtlmFacts } from "../../src/core/ntlm-facts.ts";
import type { ProtocolName } from "../../src/core/visit.ts";
import type { Entry } from "../../src/radar/entry.ts";
import type { SeenAttempt, SeenVisit } from "../../src/radar/sighting.ts";
import type { Snapshot } from "../../src/radar/state.ts";

export const NOON = Date.UTC(2026, 0, 31, 12);
export const DAY = 86_400_000;

/** Thunderbird's facts (clients as measured). */
const FACTS: NtlmFacts = {
  scheme: "NTLMv2",
  mic: "absent",
  channelBinding: "absent",
  targetName: undefined,
  workstation: "WORKSTATION",
  domain: "",
  version: undefined,
  negotiateFlags: 0x00088207,
  authenticateFlags: 0x00088201,
  refusedBy: undefined,
};

export function visit(
  address = "192.0.2.7",
  listener = "imap",
  protocol: ProtocolName = "imap",
  secure = true,
): SeenVisit {
  return { protocol, listener, secure, client: { address } };
}

/** `claimed` is the name as sent, and unless `user` says otherwise the account. */
export function accepted(claimed: string, facts: Partial<NtlmFacts> = {}, user = claimed): SeenAttempt {
  const ntlm = { ...FACTS, ...facts };
  return { mechanism: "NTLM", claimed, ntlm, outcome: { kind: "entered", user, scheme: ntlm.scheme } };
}

export function denied(claimed: string, facts: Partial<NtlmFacts> = {}): SeenAttempt {
  return { mechanism: "NTLM", claimed, ntlm: { ...FACTS, ...facts }, outcome: { kind: "denied" } };
}

export function entry(changes: Partial<Entry> = {}): Entry {
  return {
    ...{ user: "alice", sentUser: "alice", sentDomain: "", from: "192.0.2.7", protocol: "imap", listener: "imap" },
    ...{ mechanism: "NTLM", tls: true, scheme: "NTLMv2", mic: "right", channelBinding: "right", hasTarget: false },
    ...{
      client: "Thunderbird",
      confidence: "likely",
      refusedBy: "",
      exception: "",
      target: "",
      workstation: "WORKSTATION",
    },
    ...{ version: "", negotiateFlags: 0x00088207, authenticateFlags: 0x00088201 },
    ...{ firstSeen: NOON - DAY, lastSeen: NOON, successes: 1, failures: 0 },
    ...changes,
  };
}

export function snapshot(seen: readonly Entry[], failed: readonly Entry[] = []): Snapshot {
  const dropped = { entries: 0, lastSeen: 0 };
  return { since: NOON - 30 * DAY, watched: 29 * DAY, savedAt: NOON, dropped, seen, failed };
}
