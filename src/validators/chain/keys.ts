/** Keys for SCRAM and CRAM-MD5 out of several validators: the first one that has the name, and decoys like those of all. */
import { hmac } from "../../core/hmac.ts";
import { splitName } from "../../core/identity.ts";
import type { Able, KeyJudge } from "../../core/validator.ts";
import type { Visit } from "../../core/visit.ts";
import { Pace } from "./pace.ts";
import { walk, type Link } from "./walk.ts";

type Found = Awaited<ReturnType<KeyJudge["find"]>>;

interface Answered {
  readonly judge: KeyJudge;
  readonly answer: Found;
}

/** `members`: at least one. `secret`: 32 bytes. */
export function chainKeys(members: readonly Link<Able<"keys">>[], secret: Uint8Array): KeyJudge {
  const pace = new Pace(members.length);
  const [first, ...others] = members.map(({ validator }) => validator.keys);
  const answers = new WeakMap<Visit, readonly Answered[]>();
  return {
    /** What all have: clients take the strongest mechanism offered and try no other when it fails. */
    get kinds() {
      return first!.kinds.filter((kind) => others.every(({ kinds }) => kinds.includes(kind)));
    },
    find(username, visit) {
      const asked: Answered[] = [];
      answers.set(visit, asked);
      const ask = async ({ keys: judge }: Able<"keys">) => {
        const answer = await judge.find(username, visit);
        asked.push({ judge, answer });
        return answer;
      };
      // Nobody denies before there is a proof, so neither does the walk.
      return walk(members, ask, pace) as Promise<Found>;
    },
    /** The proof was held against one member's keys; the others have said already what they had to say. */
    concluded(username, verdict, visit) {
      for (const { judge, answer } of answers.get(visit) ?? [])
        if (answer.kind !== "unavailable")
          judge.concluded?.(username, answer.kind === "unknown" ? answer : verdict, visit);
    },
    likeness(mechanism, username) {
      for (const { validator } of byLot(members, username, secret)) {
        const likeness = validator.keys.likeness?.(mechanism, username);
        if (likeness !== undefined) return likeness;
      }
      return undefined;
    },
  };
}

/** The same order for all forms of a name, whatever its domain: which forms mean one account is known to members only. */
function byLot<T>(items: readonly T[], username: string, secret: Uint8Array): readonly T[] {
  const user = splitName(username).user.toLowerCase();
  const lot = hmac("sha256", secret, `member\0${user}`).readUInt32BE(0) % items.length;
  return [...items.slice(lot), ...items.slice(0, lot)];
}
