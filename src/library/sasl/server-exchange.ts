/** One attempt to log on as an application sees it: a call for each message, and a typed result that tells no lies. */
import type { Identity } from "../../core/identity.ts";
import type { DenyReason } from "../../core/verdict.ts";
import type { Outcome } from "../../sasl/converse.ts";
import { MalformedResponse, type Conclusion, type Exchange as Messages, type Offer } from "../../sasl/mechanism.ts";
import type { Connection } from "./connection.ts";

export interface SaslAccepted {
  readonly kind: "accepted";
  readonly mechanism: string;
  readonly identity: Identity;
  /** The name as the client sent it. */
  readonly claimed: string;
  /** NTLM: which response was right, such as "NTLMv2". */
  readonly scheme: string | undefined;
}

/** Why is for the log: clients are told the same for each reason but "unavailable", which is no fault of theirs. */
export interface SaslRefused {
  readonly kind: "refused";
  readonly reason:
    | DenyReason
    | "unknown-user"
    /** The judge cannot judge at the moment: a temporary failure, never a wrong password. */
    | "unavailable"
    /** Bytes that are none of the mechanism's. */
    | "malformed"
    | "cancelled"
    | "not-offered";
  readonly why: string;
  readonly claimed?: string;
}

export type SaslResult = SaslAccepted | SaslRefused;

export type ServerStep =
  | { readonly kind: "challenge"; readonly challenge: Uint8Array }
  | { readonly kind: "done"; readonly result: SaslResult };

/** Call `start`, then `respond` for each response to a challenge, until a step is "done". Rejects with what the judge throws. */
export interface ServerExchange {
  readonly mechanism: string;
  /** `initial`: the initial response; undefined when the client sent none, which is not an empty one. */
  start(initial?: Uint8Array): Promise<ServerStep>;
  respond(response: Uint8Array): Promise<ServerStep>;
  /** The client has given up (`*`). A verdict that it has already heard stands. */
  cancel(): Promise<SaslResult>;
}

class Cancelled extends Error {
  override readonly name = "Cancelled";
}

export class Exchange implements ServerExchange {
  readonly mechanism: string;
  readonly #offer: Offer;
  readonly #connection: Connection;
  #messages: Messages | undefined;

  constructor(offer: Offer, connection: Connection) {
    this.mechanism = offer.name;
    this.#offer = offer;
    this.#connection = connection;
  }

  start(initial?: Uint8Array): Promise<ServerStep> {
    if (this.#messages) return Promise.reject(new Error("the exchange has been started already"));
    const messages = this.#offer.begin(initial, this.#connection);
    this.#messages = messages;
    return this.#step(() => messages.next());
  }

  respond(response: Uint8Array): Promise<ServerStep> {
    const messages = this.#messages;
    if (!messages) return Promise.reject(new Error("the exchange has not been started"));
    return this.#step(() => messages.next(response));
  }

  async cancel(): Promise<SaslResult> {
    const cancelled: SaslResult = { kind: "refused", reason: "cancelled", why: "the client has cancelled" };
    try {
      const step = await this.#messages?.throw(new Cancelled());
      return step?.done ? conclude(this.mechanism, step.value) : cancelled;
    } catch (error) {
      if (error instanceof Cancelled) return cancelled;
      throw error;
    }
  }

  async #step(next: () => ReturnType<Messages["next"]>): Promise<ServerStep> {
    try {
      const step = await next();
      if (!step.done) return { kind: "challenge", challenge: step.value };
      // A generator that has ended gives undefined from then on.
      const conclusion = step.value as Conclusion | undefined;
      if (!conclusion) throw new Error("the exchange is over");
      return { kind: "done", result: conclude(this.mechanism, conclusion) };
    } catch (error) {
      if (!(error instanceof MalformedResponse)) throw error;
      return { kind: "done", result: { kind: "refused", reason: "malformed", why: error.message } };
    }
  }
}

/** The same for a whole exchange of lines. */
export function resultOf(mechanism: string, outcome: Outcome): SaslResult {
  if (outcome.kind === "concluded") return conclude(mechanism, outcome.conclusion);
  if (outcome.kind === "malformed") return { kind: "refused", reason: "malformed", why: outcome.why };
  return { kind: "refused", reason: "cancelled", why: "the client has cancelled" };
}

function conclude(mechanism: string, { verdict, claimed }: Conclusion): SaslResult {
  if (verdict.kind === "accepted") {
    return { kind: "accepted", mechanism, identity: verdict.identity, claimed, scheme: verdict.scheme };
  }
  const { why } = verdict;
  const reason =
    verdict.kind === "denied" ? verdict.reason : verdict.kind === "unknown" ? "unknown-user" : "unavailable";
  return { kind: "refused", reason, why, claimed };
}
