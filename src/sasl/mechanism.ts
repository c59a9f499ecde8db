/** What a SASL mechanism is on the server's side (RFC 4422 section 3): challenges out, responses in, a conclusion. */
import type { Answer } from "../core/answer.ts";
import type { NtlmFacts } from "../core/ntlm-facts.ts";
import type { Secret } from "../core/secret.ts";
import { can, type Able, type Need, type Validator } from "../core/validator.ts";
import type { Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";

/** How an exchange ended. */
export interface Conclusion {
  readonly verdict: Verdict;
  /** The name as the client sent it, for the log. */
  readonly claimed: string;
  /** The client's password, where the mechanism shows it: some backends are entered with it. */
  readonly password: Secret | undefined;
  /** NTLM only. */
  readonly ntlm?: NtlmFacts | undefined;
}

/** Yields challenges, is sent responses, returns a conclusion. Base64 and framing are not its business. */
export type Exchange = AsyncGenerator<Uint8Array, Conclusion, Uint8Array>;

export interface Mechanism<N extends Need = Need> {
  /** Its registered name, in capitals. */
  readonly name: string;
  readonly needs: N;
  /** Shows the password to whoever listens: only under TLS, unless the listener says otherwise. */
  readonly plaintext: boolean;
  /** False where it cannot succeed on this connection (a binding or certificate is wanted and there is none). */
  isPossible?(visit: Visit): boolean;
  /**
   * `initial` is undefined if none was sent, empty if an empty one was.
   * Throws MalformedResponse for bytes that are none of this mechanism's.
   */
  exchange(initial: Uint8Array | undefined, judge: Able<N>, visit: Visit): Exchange;
  /** The whole exchange, where the client has said all that there is to say in its initial response. Throws as `exchange`. */
  atOnce?(initial: Uint8Array, judge: Able<N>, visit: Visit): Answer<Conclusion>;
}

/** The client sent something that the mechanism cannot read. The message is for the log. */
export class MalformedResponse extends Error {
  override readonly name = "MalformedResponse";
}

/** A mechanism together with the validator that judges it: what a listener can offer. */
export interface Offer {
  readonly name: string;
  readonly plaintext: boolean;
  /** On this connection; only ever changes when TLS begins. */
  isPossible(visit: Visit): boolean;
  begin(initial: Uint8Array | undefined, visit: Visit): Exchange;
  /** As `begin`, but without a generator, which costs more than what such a mechanism does; undefined: it may take more. */
  readonly atOnce?: ((initial: Uint8Array, visit: Visit) => Answer<Conclusion>) | undefined;
}

/** undefined when this validator cannot answer what this mechanism asks: nothing is advertised that cannot succeed. */
export function makeOffer<N extends Need>(mechanism: Mechanism<N>, validator: Validator): Offer | undefined {
  if (!can(validator, mechanism.needs)) return undefined;
  const begin: Offer["begin"] = (initial, visit) => mechanism.exchange(initial, validator, visit);
  const isPossible: Offer["isPossible"] = (visit) => mechanism.isPossible?.(visit) ?? true;
  const atOnce: Offer["atOnce"] =
    mechanism.atOnce && ((initial, visit) => mechanism.atOnce!(initial, validator, visit));
  return { name: mechanism.name, plaintext: mechanism.plaintext, isPossible, begin, atOnce };
}

export const EMPTY = new Uint8Array(0);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of a response as text. Throws MalformedResponse when they are not UTF-8 (RFC 4616 section 2). */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedResponse("not UTF-8");
  }
}
