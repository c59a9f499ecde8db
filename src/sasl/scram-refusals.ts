/** What SCRAM's server refuses before it looks for keys: names (RFC 5802 section 5.1) and channel binding flags (section 6). */
import { isPlausibleName } from "../core/identity.ts";
import type { Denied, DenyReason } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { bindingData, isBindable } from "./scram-binding.ts";
import type { ClientFirst } from "../scram/messages.ts";

export interface Refusal {
  /** A server-error-value of RFC 5802 section 7. */
  readonly error: string;
  readonly verdict: Denied;
}

/** What is wrong with a client's first message, whoever it comes from. */
export function refuseFirst(
  first: ClientFirst,
  username: string | undefined,
  listener: { readonly isPlus: boolean; readonly plusOffered: boolean },
  visit: Visit,
): Refusal | undefined {
  if (username === undefined || !isPlausibleName(username))
    return refusal(
      "invalid-username-encoding",
      "bad-credentials",
      "the user name is too long or has prohibited characters",
    );
  if (first.authzid !== undefined && first.authzid !== first.username)
    return refusal("other-error", "not-authorized", "asked to act as somebody else (authzid)");
  return listener.isPlus ? refuseUnbound(first, visit) : refuseDowngrade(first, listener.plusOffered, visit);
}

function refuseUnbound({ flag }: ClientFirst, { tls }: Visit): Refusal | undefined {
  if (flag.kind !== "p")
    return refusal("server-does-support-channel-binding", "policy", "a -PLUS mechanism without channel binding");
  if (bindingData(flag.type, tls) === undefined)
    return refusal("unsupported-channel-binding-type", "policy", `no channel binding ${flag.type} on this connection`);
  return undefined;
}

/** RFC 5802 section 6: somebody took -PLUS out of the list that the client got. */
function refuseDowngrade({ flag }: ClientFirst, plusOffered: boolean, visit: Visit): Refusal | undefined {
  if (flag.kind === "p")
    return refusal("channel-binding-not-supported", "policy", "channel binding without a -PLUS mechanism");
  if (flag.kind === "y" && plusOffered && isBindable(visit))
    return refusal(
      "server-does-support-channel-binding",
      "policy",
      "the client could bind to the channel and says that it was not offered -PLUS: a downgrade, or a mechanism forced on it",
    );
  return undefined;
}

function refusal(error: string, reason: DenyReason, why: string): Refusal {
  return { error, verdict: denied(reason, why) };
}

export function denied(reason: DenyReason, why: string, user?: string): Denied {
  return { kind: "denied", reason, why, ...(user !== undefined && { user }) };
}
