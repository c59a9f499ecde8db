/** OAUTHBEARER (RFC 7628), the server's side: one message with a token; a refused one is explained in JSON first. */
import type { BearerEvidence } from "../core/evidence.ts";
import type { BearerJudge } from "../core/validator.ts";
import { judgeBearer, readPairs, readToken, wantsAnotherToken, type Refused } from "./bearer.ts";
import { EMPTY, MalformedResponse, textOf, type Mechanism } from "./mechanism.ts";

export const oauthbearer: Mechanism<"bearer"> = {
  name: "OAUTHBEARER",
  needs: "bearer",
  plaintext: true,
  async *exchange(initial, judge, visit) {
    const evidence = readOauthBearer(initial?.length ? initial : yield EMPTY);
    return yield* judgeBearer(evidence, judge, visit, explain);
  },
};

/**
 * `gs2-header 0x01 *(key "=" value 0x01) 0x01` (section 3.1). Host and port are the client's own view of where it is,
 * behind forwarders not ours, and ignored like keys that nobody knows. Throws MalformedResponse.
 */
export function readOauthBearer(message: Uint8Array): BearerEvidence {
  const text = textOf(message);
  const end = text.indexOf("\x01");
  if (end === 0) throw new MalformedResponse("an acknowledgement of an error that was none");
  if (end < 0) throw new MalformedResponse("there is no 0x01");
  const username = readGs2Header(text.slice(0, end));
  return { username, token: readToken(readPairs(text.slice(end + 1))) };
}

/** The authzid of a GS2 header (RFC 5801 section 4). The mechanism binds no channel: "p=" is refused. */
function readGs2Header(header: string): string {
  const [, flag, authzid = ""] = /^(n|y|p=[A-Za-z0-9.-]+),(?:a=([^,\0]+))?,$/.exec(header) ?? [];
  if (flag === undefined) throw new MalformedResponse("the GS2 header is not n,a=name,");
  if (flag.startsWith("p=")) throw new MalformedResponse("OAUTHBEARER has no channel binding");
  if (/=(?!2C|3D)/.test(authzid)) throw new MalformedResponse("the name has an = that is neither =2C nor =3D");
  return authzid.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

/** Section 3.2.2; the status is one of RFC 6750 section 3.1. */
function explain(refused: Refused, { scope, openidConfiguration }: BearerJudge): object {
  return {
    status: wantsAnotherToken(refused) ? "invalid_token" : "insufficient_scope",
    ...(scope !== undefined && { scope }),
    ...(openidConfiguration !== undefined && { "openid-configuration": openidConfiguration }),
  };
}
