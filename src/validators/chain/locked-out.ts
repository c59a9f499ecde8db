/** Whom a chain would keep out by what it makes possible for others. */
import { can, type Validator } from "../../core/validator.ts";

/**
 * Sentences about members whose users cannot use what a listener has `offered`: clients take the strongest mechanism and
 * try no other when it fails.
 */
export function lockedOut(members: readonly Validator[], offered: readonly string[]): readonly string[] {
  const passwords = members.filter((member) => can(member, "password"));
  return NEEDS.flatMap(([need, isNeededBy]) => {
    const mechanisms = offered.filter((mechanism) => isNeededBy.test(mechanism));
    const able = members.find((member) => can(member, need));
    const unable = passwords.filter((member) => !can(member, need)).map(({ name }) => name);
    if (mechanisms.length === 0 || able === undefined || unable.length === 0) return [];
    return [`users of ${unable.join(", ")} fail with ${mechanisms.join(", ")}, which only ${able.name} judges`];
  });
}

const NEEDS = [
  ["ntlm", /^(NTLM|GSS-SPNEGO)$/],
  ["keys", /^(SCRAM-|CRAM-MD5$)/],
] as const;
