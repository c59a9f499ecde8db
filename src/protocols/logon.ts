/**
 * One attempt to log on, the same for every protocol: the exchange, the verdict, the backend, and what a failure costs.
 * Protocols bring a framing and find words for the outcome.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { whenKnown, type Answer } from "../core/answer.ts";
import type { PasswordEvidence } from "../core/evidence.ts";
import type { NtlmFacts } from "../core/ntlm-facts.ts";
import type { Secret } from "../core/secret.ts";
import type { Accepted, Denied } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { converse, type Framing } from "../sasl/converse.ts";
import type { Conclusion, Offer } from "../sasl/mechanism.ts";
import type { Wire } from "../wire/wire.ts";
import type { Front, LogonOutcome, Refused } from "./front.ts";
import { toldReason } from "./told.ts";

/** However often a client fails, it is not kept longer than this before each "no". */
const LONGEST_DELAY = 15_000;

/** The attempts of one connection. */
export class Logon {
  /** SMTP: the name from EHLO. */
  helo: string | undefined;
  readonly #front: Front;
  readonly #visit: Visit;
  readonly #client: Wire;
  #failures = 0;

  constructor(client: Wire, front: Front, visit: Visit) {
    this.#client = client;
    this.#front = front;
    this.#visit = visit;
  }

  /** True when the client has failed as often as the listener allows. */
  get exhausted(): boolean {
    return this.#failures >= this.#front.limits.attempts;
  }

  /** A SASL exchange. `initial`: the initial response as it stood in the command. Throws WireClosed. */
  bySasl(offer: Offer, initial: string | undefined, framing: Framing): Answer<LogonOutcome> {
    const started = Date.now();
    return whenKnown(converse(offer, initial, framing, this.#visit), (outcome) =>
      outcome.kind === "concluded"
        ? this.#conclude(offer.name, outcome.conclusion, started)
        : this.#settle(offer.name, "", outcome, started),
    );
  }

  /** A bare name and password. Throws WireClosed. */
  byPassword(command: string, evidence: PasswordEvidence): Answer<LogonOutcome> {
    const started = Date.now();
    return whenKnown(this.#front.judgePassword!(evidence, this.#visit), (conclusion) =>
      this.#conclude(command, conclusion, started),
    );
  }

  #conclude(mechanism: string, conclusion: Conclusion, started: number): Answer<LogonOutcome> {
    return whenKnown(this.#admit(conclusion), (outcome) =>
      this.#settle(mechanism, conclusion.claimed, outcome, started, conclusion.ntlm),
    );
  }

  /** Nothing is sent to a backend before this. */
  #admit({ verdict, password }: Conclusion): Answer<LogonOutcome> {
    switch (verdict.kind) {
      case "denied":
        return this.#refuse(verdict);
      case "unknown":
        return { ...verdict, kind: "denied", reason: "unknown-user" };
      case "unavailable":
        return { kind: "judge-unavailable", why: verdict.why };
      case "accepted":
        return this.#enter(verdict, password);
    }
  }

  #enter({ identity, scheme, appPassword }: Accepted, password: Secret | undefined): Answer<LogonOutcome> {
    const barred = this.#front.authorize(identity, this.#visit);
    if (barred) return this.#refuse(barred);
    if (this.#client.isClosed) return { kind: "malformed", why: "the client left before the answer" };
    return this.#front.enter({ identity, password, helo: this.helo }, this.#visit).then((entry) => {
      if (entry.kind !== "entered") return { ...entry, user: identity.user };
      const { backend, wire, capabilities } = entry;
      return { kind: "entered", backend, wire, capabilities, user: identity.user, scheme, appPassword };
    });
  }

  #refuse(verdict: Denied): Refused {
    return { ...verdict, told: toldReason(verdict.reason, this.#front.reveal) };
  }

  /** A refusal takes its time, counted from the start of the check, so that its length tells nothing about its reason. */
  #settle(
    mechanism: string,
    claimed: string,
    outcome: LogonOutcome,
    started: number,
    ntlm?: NtlmFacts,
  ): Answer<LogonOutcome> {
    this.#front.attempted(this.#visit, { mechanism, claimed, ntlm, outcome });
    if (outcome.kind !== "denied" && outcome.kind !== "malformed") return outcome;
    const delay = Math.min(LONGEST_DELAY, this.#front.limits.failureDelay * 2 ** this.#failures);
    this.#failures += 1;
    const left = started + delay - Date.now();
    return delay > 0 && left > 0 ? sleep(left, outcome, { ref: false }) : outcome;
  }
}
