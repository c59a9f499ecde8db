/** XOAUTH2 as Google and Microsoft describe it, the server's side: `user=` name 0x01 `auth=Bearer ` token 0x01 0x01. */
import type { BearerEvidence } from "../core/evidence.ts";
import type { BearerJudge } from "../core/validator.ts";
import { judgeBearer, readPairs, readToken, wantsAnotherToken, type Refused } from "./bearer.ts";
import { EMPTY, MalformedResponse, textOf, type Mechanism } from "./mechanism.ts";

export const xoauth2: Mechanism<"bearer"> = {
  name: "XOAUTH2",
  needs: "bearer",
  plaintext: true,
  async *exchange(initial, judge, visit) {
    const evidence = readXoauth2(initial?.length ? initial : yield EMPTY);
    return yield* judgeBearer(evidence, judge, visit, explain);
  },
};

/** Throws MalformedResponse. */
export function readXoauth2(message: Uint8Array): BearerEvidence {
  const pairs = readPairs(textOf(message));
  const username = pairs.get("user");
  if (username === undefined) throw new MalformedResponse("there is no user=");
  return { username, token: readToken(pairs) };
}

/** K-9 Mail and Thunderbird for Android get a fresh token and try again after "400", and give up after "401". */
function explain(refused: Refused, { scope }: BearerJudge): object {
  return {
    status: wantsAnotherToken(refused) ? "400" : "401",
    schemes: "bearer",
    ...(scope !== undefined && { scope }),
  };
}
