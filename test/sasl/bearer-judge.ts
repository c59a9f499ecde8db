/** A judge of one token, and both mechanisms that carry tokens played against it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { BearerEvidence } from "../../src/core/evidence.ts";
import type { Able } from "../../src/core/validator.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import { makeOffer, MalformedResponse, type Conclusion, type Mechanism } from "../../src/sasl/mechanism.ts";
import { VISIT } from "../support/visit.ts";

/** The token of the examples in RFC 7628 section 4. */
export const TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
export const SCOPE = "mail calendar";
export const CONFIGURATION = "https://login.example.com/.well-known/openid-configuration";

export interface BearerTestJudge extends Able<"bearer"> {
  /** `name/token` of each question. */
  readonly asked: string[];
}

/** Says `verdict` to everything; by itself it accepts TOKEN as alice's and refuses others. */
export function bearerJudge(verdict?: Verdict): BearerTestJudge {
  const asked: string[] = [];
  const usual = ({ token }: BearerEvidence): Verdict =>
    token.reveal() === TOKEN
      ? { kind: "accepted", identity: { user: "alice", mailbox: "alice", groups: [], attributes: {} } }
      : { kind: "denied", reason: "bad-credentials", why: "the token has expired" };
  const verify = (evidence: BearerEvidence): Promise<Verdict> => {
    asked.push(`${evidence.username}/${evidence.token.reveal()}`);
    return Promise.resolve(verdict ?? usual(evidence));
  };
  return { name: "tokens", asked, bearer: { scope: SCOPE, openidConfiguration: CONFIGURATION, verify } };
}

export interface Played {
  readonly challenges: readonly string[];
  readonly conclusion: Conclusion;
}

/** Sends these responses, the first as the initial one; undefined: none was sent with the command. */
export async function play(
  mechanism: Mechanism<"bearer">,
  judge: BearerTestJudge,
  initial: Uint8Array | string | undefined,
  ...responses: string[]
): Promise<Played> {
  const first = typeof initial === "string" ? Buffer.from(initial) : initial;
  const exchange = makeOffer(mechanism, judge)!.begin(first, VISIT);
  const challenges: string[] = [];
  let step = await exchange.next();
  while (!step.done) {
    challenges.push(Buffer.from(step.value).toString());
    step = await exchange.next(Buffer.from(responses.shift() ?? ""));
  }
  return { challenges, conclusion: step.value };
}

/** "accepted alice", "denied policy", "unavailable". */
export function ending({ verdict }: Conclusion): string {
  if (verdict.kind === "accepted") return `accepted ${verdict.identity.user}`;
  return verdict.kind === "denied" ? `denied ${verdict.reason}` : verdict.kind;
}

/** Bytes of the mechanism's own `fragments`, and any others, are malformed or end in a verdict. */
export async function endsAnyhow(mechanism: Mechanism<"bearer">, ...fragments: readonly string[]): Promise<void> {
  const message = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .array(fc.constantFrom(...fragments), { maxLength: 12 })
      .map((parts) => new Uint8Array(Buffer.from(parts.join("")))),
  );
  await fc.assert(
    fc.asyncProperty(message, fc.boolean(), async (bytes, isInitial) => {
      const exchange = makeOffer(mechanism, bearerJudge())!.begin(isInitial ? bytes : undefined, VISIT);
      try {
        let step = await exchange.next();
        for (let round = 0; !step.done; round += 1) {
          assert.ok(round < 3, "it comes to an end");
          step = await exchange.next(bytes);
        }
        assert.match(ending(step.value), /^(accepted alice|denied bad-credentials)$/);
      } catch (error) {
        assert.ok(error instanceof MalformedResponse, String(error));
      }
    }),
    { numRuns: 500 },
  );
}
