/** One client before logon: whom it talks to, what a command can lead to, and how much nonsense is borne. */
import type { Visit } from "../core/visit.ts";
import type { Offer } from "../sasl/mechanism.ts";
import type { Wire } from "../wire/wire.ts";
import type { Entered, Front, LogonOutcome } from "./front.ts";
import { Logon } from "./logon.ts";

/** What a command leads to: undefined goes on, "leave" closes, an entry ends the dialogue and begins the relay. */
export type Step = Entered | "leave" | undefined;

export class Session<State> {
  readonly client: Wire;
  readonly front: Front;
  readonly visit: Visit;
  readonly logon: Logon;
  /** What this protocol remembers between commands. */
  readonly state: State;
  /** Ends the conversation after too many bad commands: given the reply that would have been next. */
  readonly #farewell: (reply: string) => string;
  #badCommands = 0;

  constructor(client: Wire, front: Front, visit: Visit, state: State, farewell: (reply: string) => string) {
    this.client = client;
    this.front = front;
    this.visit = visit;
    this.logon = new Logon(client, front, visit);
    this.state = state;
    this.#farewell = farewell;
  }

  say(reply: string): undefined {
    this.client.write(reply);
  }

  leave(reply: string): "leave" {
    this.client.write(reply);
    return "leave";
  }

  /** A command that is none. */
  bad(reply: string): Step {
    this.#badCommands += 1;
    return this.#badCommands < this.front.limits.badCommands ? this.say(reply) : this.leave(this.#farewell(reply));
  }

  /** After an attempt to log on: `reply` tells the client how it ended, `enough` that it was the last. */
  conclude(outcome: LogonOutcome, reply: string, enough: string): Step {
    if (outcome.kind === "entered") {
      this.client.write(reply);
      return outcome;
    }
    return this.logon.exhausted ? this.leave(reply + enough) : this.say(reply);
  }
}

/** Makes a text once per listener that depends on nothing but the listener, TLS, and what is offered at the moment. */
export function oncePerFront<S extends Pick<Session<unknown>, "front" | "visit">>(make: (session: S) => string) {
  const made = new WeakMap<Front, Map<number, string>>();
  return (session: S): string => {
    const { front, visit } = session;
    const texts = made.get(front);
    const situation = situationOf(front, visit);
    const known = texts?.get(situation);
    if (known !== undefined) return known;
    const text = make(session);
    made.set(front, (texts ?? new Map<number, string>()).set(situation, text));
    return text;
  };
}

/** A bit for TLS, and one for each offer that can succeed on this connection. */
function situationOf({ offers }: Front, visit: Visit): number {
  const possible = (bits: number, offer: Offer): number => bits * 2 + (offer.isPossible(visit) ? 1 : 0);
  return offers.reduce(possible, visit.secure ? 1 : 0);
}
