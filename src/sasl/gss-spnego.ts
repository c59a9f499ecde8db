/**
 * GSS-SPNEGO, the SASL name that Microsoft gave SPNEGO (MS-ADTS 5.1.1.1), carrying NTLM: its tokens around the exchange of
 * ntlm.ts. GSSAPI's last message about security layers (RFC 4752 section 3.1) does not exist here: Windows and Cyrus SASL
 * 2.1.27 and later take INTEG and CONF themselves for a layer. Mail has TLS for that; no layer is offered, none is put on.
 */
import type { Able } from "../core/validator.ts";
import type { Visit } from "../core/visit.ts";
import { acceptorSecurity } from "../ntlm/acceptor-security.ts";
import { NtlmError } from "../ntlm/error.ts";
import type { PendingChallenge } from "../ntlm/open-challenge.ts";
import { isScheme } from "../ntlm/scheme.ts";
import type { SessionSecurity } from "../ntlm/session-security.ts";
import { SpnegoAcceptor } from "../ntlm/spnego/acceptor.ts";
import { EMPTY, MalformedResponse, type Conclusion, type Exchange, type Mechanism } from "./mechanism.ts";
import { answerNegotiate, isPossible, judgeAuthenticate, type NtlmSettings } from "./ntlm.ts";

/** The mechanism under a listener's NTLM policy. A client that sends bare NTLM messages is answered with bare ones. */
export function gssSpnego(settings: NtlmSettings): Mechanism<"ntlm"> {
  return {
    name: "GSS-SPNEGO",
    needs: "ntlm",
    plaintext: false,
    isPossible: (visit) => isPossible(settings, visit),
    exchange: (initial, judge, visit) => negotiate(initial, judge, visit, settings),
  };
}

async function* negotiate(
  initial: Uint8Array | undefined,
  judge: Able<"ntlm">,
  visit: Visit,
  settings: NtlmSettings,
): Exchange {
  const spnego = new SpnegoAcceptor();
  let step = receive(spnego, initial?.length ? initial : yield EMPTY);
  // NTLM was not the client's first choice, or it sent no message of it yet.
  if (step.kind === "reply") step = receive(spnego, yield step.token);
  const pending = answerNegotiate(messageOf(step), settings, judge, visit);
  const authenticate = messageOf(receive(spnego, yield spnego.challenge(pending.message)));
  const conclusion = await judgeAuthenticate(authenticate, pending, settings, judge, visit);
  if (conclusion.verdict.kind !== "accepted" || spnego.isRaw) return conclusion;
  const last = complete(spnego, pending, authenticate, conclusion);
  if ("verdict" in last) return last;
  const answer = yield last;
  if (answer.length > 0) throw new MalformedResponse("a response to the last token of SPNEGO");
  return conclusion;
}

/** The last token, or the refusal of a list of mechanisms that was altered on its way. */
function complete(
  spnego: SpnegoAcceptor,
  pending: PendingChallenge,
  authenticate: Uint8Array,
  conclusion: Conclusion,
): Buffer | Conclusion {
  try {
    return spnego.complete(securityOf(pending, authenticate, conclusion));
  } catch (error) {
    if (!(error instanceof NtlmError)) throw error;
    const { verdict, ntlm } = conclusion;
    const user = verdict.kind === "accepted" && { user: verdict.identity.user };
    return {
      ...conclusion,
      verdict: { kind: "denied", reason: "policy", why: error.message, ...user },
      ...(ntlm && { ntlm: { ...ntlm, refusedBy: "mech-list-mic" } }),
    };
  }
}

/** undefined where the judge gave no key. Which response was right is the judge's word, or told by its length. */
function securityOf(
  pending: PendingChallenge,
  authenticate: Uint8Array,
  { verdict, ntlm }: Conclusion,
): SessionSecurity | undefined {
  if (verdict.kind !== "accepted" || !verdict.sessionBaseKey) return undefined;
  const scheme = isScheme(ntlm?.scheme) ? ntlm.scheme : "NTLMv2";
  return acceptorSecurity(pending, authenticate, verdict.sessionBaseKey, scheme);
}

type Step = ReturnType<SpnegoAcceptor["receive"]>;

function receive(spnego: SpnegoAcceptor, bytes: Uint8Array): Step {
  try {
    return spnego.receive(bytes);
  } catch (error) {
    if (error instanceof NtlmError) throw new MalformedResponse(error.message);
    throw error;
  }
}

function messageOf(step: Step): Uint8Array {
  if (step.kind === "mechanism") return step.message;
  throw new MalformedResponse("no NTLM message in the token");
}
