/** What one NTLM logon showed of its client: for the log, and for the radar that says who would break under a stricter policy. */

/** Of a protection that a client may use: not sent, sent and right, sent and wrong, or sent but not looked at. */
export type Shown = "absent" | "right" | "wrong" | "unchecked";

export interface NtlmFacts {
  /** Which response it was: "NTLMv2", "LMv2", "NTLM2 session", "NTLMv1", "LM"; by its length until a judge has said. */
  readonly scheme: string | undefined;
  readonly mic: Shown;
  readonly channelBinding: Shown;
  /** MsvAvTargetName, the service that the client meant to log on to. */
  readonly targetName: string | undefined;
  readonly workstation: string;
  /** Domain as the client sent it. */
  readonly domain: string;
  /** VERSION of the AUTHENTICATE_MESSAGE as "major.minor.build"; undefined when it sent none. */
  readonly version: string | undefined;
  /** NegotiateFlags of the NEGOTIATE_MESSAGE and of the AUTHENTICATE_MESSAGE. */
  readonly negotiateFlags: number;
  readonly authenticateFlags: number;
  /** The rule that refused it, whatever the password. */
  readonly refusedBy: string | undefined;
  /** The exception without which it would have been refused, and the rule that would have refused it. */
  readonly exception?: string | undefined;
  readonly exceptedRule?: string | undefined;
}
