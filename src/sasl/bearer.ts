/** A bearer token (RFC 6750), whether it came by OAUTHBEARER or XOAUTH2: read, put before the judge, and refused in two steps. */
import type { BearerEvidence } from "../core/evidence.ts";
import { isPlausibleName } from "../core/identity.ts";
import { Secret } from "../core/secret.ts";
import type { Able, BearerJudge } from "../core/validator.ts";
import type { Denied, Unknown, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { MalformedResponse, type Exchange } from "./mechanism.ts";

/** A refusal for which a client waits with an error of JSON, so that it can get a better token. */
export type Refused = Denied | Unknown;

/**
 * The exchange after the client's message. A refused token is challenged with `explain`, and whatever the client
 * answers (0x01, nothing, or a cancel) the refusal stands. A judge that cannot judge says nothing about the token: no
 * error is shown, or clients would throw a good one away.
 */
export async function* judgeBearer(
  evidence: BearerEvidence,
  judge: Able<"bearer">,
  visit: Visit,
  explain: (refused: Refused, judge: BearerJudge) => object,
): Exchange {
  const verdict = refuseUnread(evidence) ?? (await judge.bearer.verify(evidence, visit));
  const conclusion = { verdict, claimed: evidence.username, password: undefined };
  if (verdict.kind === "accepted" || verdict.kind === "unavailable") return conclusion;
  try {
    yield Buffer.from(JSON.stringify(explain(verdict, judge.bearer)));
  } catch {
    // Cancelled by whoever runs the exchange: the client has heard the verdict, and it counts.
  }
  return conclusion;
}

/** True when another token of the same user could do: one that is fresh, or not forged. Guarded looks like forged. */
export function wantsAnotherToken(refused: Refused): boolean {
  return refused.kind === "unknown" || refused.reason === "bad-credentials" || refused.reason === "guarded";
}

/** An empty token is how a client without one asks where to get it (RFC 7628 section 3.2.2 answers). */
function refuseUnread({ username, token }: BearerEvidence): Verdict | undefined {
  const bad = (why: string): Verdict => ({ kind: "denied", reason: "bad-credentials", why });
  if (username !== "" && !isPlausibleName(username)) return bad("the user name is too long or has control characters");
  if (token.isEmpty) return bad("the client sent no token");
  return undefined;
}

const KVSEP = "\x01";
/** Known keys of RFC 7628 are seven; more pairs than this are no client's. */
const PAIR_LIMIT = 32;

/** `*(key "=" value 0x01) 0x01` (RFC 7628 section 3.1), the tail of both messages. Throws MalformedResponse. */
export function readPairs(text: string): ReadonlyMap<string, string> {
  const parts = text.split(KVSEP, PAIR_LIMIT + 3);
  if (parts.length > PAIR_LIMIT + 2) throw new MalformedResponse(`more than ${PAIR_LIMIT} key-value pairs`);
  if (parts.pop() !== "" || parts.pop() !== "") throw new MalformedResponse("does not end with two 0x01");
  const pairs = new Map<string, string>();
  for (const part of parts) {
    const [, key, value] = /^([A-Za-z]+)=([^\0]*)$/.exec(part) ?? [];
    if (key === undefined || value === undefined) throw new MalformedResponse("a part is not key=value");
    if (pairs.has(key)) throw new MalformedResponse(`${key.length > 8 ? "a key" : key} is there twice`);
    pairs.set(key, value);
  }
  return pairs;
}

/**
 * The token in `auth=Bearer b64token` (RFC 6750 section 2.1); empty where the client has none. Throws MalformedResponse.
 */
export function readToken(pairs: ReadonlyMap<string, string>): Secret {
  const auth = pairs.get("auth");
  if (auth === undefined) throw new MalformedResponse("there is no auth=");
  const scheme = /^(?:bearer(?: +|$))?/i.exec(auth)![0];
  const token = auth.slice(scheme.length);
  if (scheme === "" && token !== "") throw new MalformedResponse("auth= is not of the scheme Bearer");
  if (token !== "" && !/^[A-Za-z0-9._~+/-]+=*$/.test(token))
    throw new MalformedResponse("the token has odd characters");
  return new Secret(token);
}
