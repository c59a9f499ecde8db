/**
 * The one SASL loop of the house (RFC 4422 section 3; profiles: RFC 4954 section 4, 5034 section 4, 9051 section 6.2.2):
 * strict base64, `=` for an empty initial response, `*` to cancel. A line that is neither ends the exchange and is never
 * run as a command: clients that misread our first reply would otherwise go on as if they were logged on (mutt, Evolution).
 */
import { whenKnown, type Answer } from "../core/answer.ts";
import type { Visit } from "../core/visit.ts";
import { decodeBase64, encodeBase64 } from "../core/base64.ts";
import { MalformedResponse, type Conclusion, type Exchange, type Offer } from "./mechanism.ts";

/** Longest response line in bytes: RFC 4954 asks for 12288, tokens of large domains are longer. */
export const SASL_LINE_LIMIT = 16384;

/** How a protocol carries challenges and responses. */
export interface Framing {
  /** `first`: nothing has been challenged yet in this exchange. */
  challenge(base64: string, first: boolean): void;
  /** undefined: the line was too long. */
  answer(): Promise<string | undefined>;
}

export type Outcome =
  | { readonly kind: "concluded"; readonly conclusion: Conclusion }
  | { readonly kind: "cancelled" }
  | { readonly kind: "malformed"; readonly why: string };

/** Runs an exchange to its end. `initial`: the initial response as it stood in the command. Rejects with WireClosed. */
export function converse(offer: Offer, initial: string | undefined, framing: Framing, visit: Visit): Answer<Outcome> {
  const first = initial === undefined ? undefined : initial === "=" ? Buffer.alloc(0) : decodeBase64(initial);
  if (initial !== undefined && first === undefined) return malformed("initial response is not base64");
  return first && offer.atOnce ? atOnce(offer.atOnce, first, visit) : inTurns(offer, first, framing, visit);
}

function atOnce(exchange: NonNullable<Offer["atOnce"]>, message: Uint8Array, visit: Visit): Answer<Outcome> {
  try {
    return whenKnown(exchange(message, visit), concluded);
  } catch (error) {
    return outcomeOf(error);
  }
}

async function inTurns(offer: Offer, first: Uint8Array | undefined, framing: Framing, visit: Visit): Promise<Outcome> {
  try {
    const exchange = offer.begin(first, visit);
    let step = await exchange.next();
    for (let isFirst = true; !step.done; isFirst = false) {
      framing.challenge(encodeBase64(step.value), isFirst);
      const line = (await framing.answer())?.trimEnd();
      if (line === undefined) return malformed("response line too long");
      // Exchange 2007's own documentation cancels with an asterisk and a blank.
      if (line === "*") return await cancel(exchange);
      const response = decodeBase64(line);
      if (response === undefined) return malformed("response is not base64");
      step = await exchange.next(response);
    }
    return concluded(step.value);
  } catch (error) {
    return outcomeOf(error);
  }
}

/** A mechanism that had already decided, and only waited for the client to take its last word, stands by its verdict. */
async function cancel(exchange: Exchange): Promise<Outcome> {
  try {
    const step = await exchange.throw(new Cancelled());
    return step.done ? concluded(step.value) : { kind: "cancelled" };
  } catch (error) {
    if (error instanceof Cancelled) return { kind: "cancelled" };
    throw error;
  }
}

class Cancelled extends Error {
  override readonly name = "Cancelled";
}

function concluded(conclusion: Conclusion): Outcome {
  return { kind: "concluded", conclusion };
}

/** What it means that the mechanism has thrown. Throws what is no client's fault. */
function outcomeOf(error: unknown): Outcome {
  if (error instanceof MalformedResponse) return malformed(error.message);
  throw error;
}

function malformed(why: string): Outcome {
  return { kind: "malformed", why };
}
