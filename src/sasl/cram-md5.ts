/**
 * CRAM-MD5 (RFC 2195): a challenge, and its HMAC-MD5 under the password. The server has to keep the password itself, and
 * who listens can guess it offline: for clients that know nothing better.
 */
import type { KeyJudge } from "../core/validator.ts";
import type { Denied, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { isPlausibleName } from "../core/identity.ts";
import { hmacMd5 } from "../ntlm/md5.ts";
import { MalformedResponse, textOf, type Exchange } from "./mechanism.ts";
import type { KeyMechanism } from "./scram.ts";
import { isSameKey } from "../scram/keys.ts";

export interface CramMd5Settings {
  /** Fresh random bytes, 16 or more, never the same twice. */
  readonly nonce: () => Uint8Array;
  /** The server's name, the right side of the challenge. */
  readonly host: string;
}

export function cramMd5({ nonce, host }: CramMd5Settings): KeyMechanism {
  return {
    name: "CRAM-MD5",
    kind: "password",
    needs: "keys",
    plaintext: false,
    async *exchange(initial, judge, visit): Exchange {
      if (initial !== undefined) throw new MalformedResponse("CRAM-MD5 has no initial response");
      const challenge = Buffer.from(`<${Buffer.from(nonce()).toString("hex")}@${host}>`);
      const { username, digest } = readResponse(yield challenge);
      return {
        verdict: await judgeDigest(username, digest, challenge, judge.keys, visit),
        claimed: username,
        password: undefined,
      };
    },
  };
}

/** `name digest`; names may have blanks. Throws MalformedResponse. */
function readResponse(response: Uint8Array): { readonly username: string; readonly digest: Buffer } {
  const [, username = "", digest = ""] = /^(.*) ([0-9a-f]{32})$/is.exec(textOf(response)) ?? [];
  if (digest === "") throw new MalformedResponse("CRAM-MD5 wants a name, a blank and 32 hexadecimal digits");
  return { username, digest: Buffer.from(digest, "hex") };
}

/** An unknown name is measured as well, against a password that nobody can have. */
async function judgeDigest(
  username: string,
  digest: Uint8Array,
  challenge: Uint8Array,
  judge: KeyJudge,
  visit: Visit,
): Promise<Verdict> {
  if (!isPlausibleName(username)) return denied("the user name is empty, too long, or has control characters");
  const found = await judge.find(username, visit);
  const password = found.kind === "keys" ? found.keys.password?.reveal() : undefined;
  const isRight = isSameKey(hmacMd5(Buffer.from(password ?? "\0"), challenge), digest);
  const verdict = verdictOn(found, isRight);
  judge.concluded?.(username, verdict, visit);
  return verdict;
}

function verdictOn(found: Awaited<ReturnType<KeyJudge["find"]>>, isRight: boolean): Verdict {
  if (found.kind !== "keys") return found;
  const { password } = found.keys;
  const user = found.verdict.kind === "accepted" ? found.verdict.identity.user : found.verdict.user;
  if (password === undefined) return denied("the password of the account is not kept, which CRAM-MD5 needs", user);
  return isRight ? found.verdict : denied("wrong password", user);
}

function denied(why: string, user?: string): Denied {
  return { kind: "denied", reason: "bad-credentials", why, ...(user !== undefined && { user }) };
}
