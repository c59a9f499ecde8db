/**
 * From member to member: "unknown" goes on; "accepted" ends; "denied" and "unavailable" end unless told otherwise. Whoever
 * was skipped because it could not say might have known the user: after that only an "accepted" is an answer.
 */
import type { Answer } from "../../core/answer.ts";
import type { KeysFound, Validator } from "../../core/validator.ts";
import type { Denied, Unavailable, Unknown, Verdict } from "../../core/verdict.ts";
import type { Pace } from "./pace.ts";

export interface Link<V extends Validator = Validator> {
  readonly validator: V;
  readonly onDenied: "stop" | "continue";
  readonly onUnavailable: "stop" | "continue";
}

type No = Denied | Unknown | Unavailable;

/** `question` is what each member is asked; rejects as it does. */
export async function walk<V extends Validator, A extends Verdict | KeysFound>(
  members: readonly Link<V>[],
  question: (validator: V) => Answer<A>,
  pace: Pace,
): Promise<A | No> {
  let [missed, refusal]: [Unavailable?, Denied?] = [];
  for (const [index, { validator, onDenied, onUnavailable }] of members.entries()) {
    const started = performance.now();
    const given = await question(validator);
    const answer: Verdict | KeysFound = given;
    switch (answer.kind) {
      case "accepted":
        return given;
      case "keys":
        await pace.asIfUnknown(index);
        return given;
      case "unknown":
        pace.record(index, performance.now() - started);
        break;
      case "unavailable":
        if (onUnavailable === "stop") return saidBy(validator, answer);
        missed ??= saidBy(validator, answer);
        break;
      case "denied":
        refusal ??= saidBy(validator, answer);
        // Any other reason is given to who is known: another member must not let in whom this one has locked out.
        if (onDenied === "continue" && answer.reason === "bad-credentials") break;
        await pace.asIfUnknown(index);
        return missed ?? saidBy(validator, answer);
    }
  }
  return missed ?? refusal ?? { kind: "unknown", why: `nobody of this name in ${namesOf(members)}` };
}

function saidBy<A extends Denied | Unavailable>({ name }: Validator, answer: A): A {
  return { ...answer, why: `${name}: ${answer.why}` };
}

function namesOf(members: readonly Link[]): string {
  return members.map(({ validator }) => validator.name).join(", ");
}
