/**
 * SCRAM-SHA-256, SCRAM-SHA-1 and their -PLUS forms on the server's side (RFC 5802 section 5, RFC 7677): a client proves that
 * it knows the password, and we that we know its keys, without a PBKDF2 here. Our signature goes out as a last challenge.
 */
import type { ScramKeys, StoredKeys } from "../core/evidence.ts";
import type { KeyJudge } from "../core/validator.ts";
import type { Accepted, Denied, Unavailable, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { encodeBase64 } from "../core/base64.ts";
import { EMPTY, MalformedResponse, textOf, type Exchange, type Mechanism } from "./mechanism.ts";
import { saslprep } from "../scram/saslprep.ts";
import { bindingData, isBindable } from "./scram-binding.ts";
import { decoyKeys, usualLikeness } from "../scram/decoy.ts";
import { isProven, serverSignature, type ScramName } from "../scram/keys.ts";
import {
  authMessage,
  readClientFinal,
  readClientFirst,
  ScramSyntaxError,
  writeServerFirst,
  type ClientFirst,
} from "../scram/messages.ts";
import { denied, refuseFirst } from "./scram-refusals.ts";

export interface ScramSettings {
  /** Fresh random bytes, 18 or more, never the same twice. */
  readonly nonce: () => Uint8Array;
  /** What the salts of unknown users are made from: 32 random bytes, best the same after a restart. */
  readonly decoySecret: Uint8Array;
  /** This listener offers a -PLUS form: a client that could bind and says that it was not offered is being deceived. */
  readonly plusOffered: boolean;
}

/** A mechanism, and which of an account's keys it needs: without them among the judge's `kinds` it is not to be offered. */
export type KeyMechanism = Mechanism<"keys"> & { readonly kind: keyof StoredKeys };

/** Without channel binding. */
export function scram(name: ScramName, settings: ScramSettings): KeyMechanism {
  return mechanism({ ...settings, keys: name, isPlus: false }, name);
}

/** With channel binding: only possible under TLS, and of no use to whoever sits between client and server. */
export function scramPlus(name: ScramName, settings: ScramSettings): KeyMechanism {
  return { ...mechanism({ ...settings, keys: name, isPlus: true }, `${name}-PLUS`), isPossible: isBindable };
}

interface Form extends ScramSettings {
  readonly keys: ScramName;
  readonly isPlus: boolean;
}

function mechanism(form: Form, name: string): KeyMechanism {
  return {
    name,
    kind: form.keys,
    needs: "keys",
    plaintext: false,
    async *exchange(initial, judge, visit): Exchange {
      const first = understand(readClientFirst, initial ?? (yield EMPTY));
      const ended = (verdict: Verdict) => ({ verdict, claimed: first.username, password: undefined });
      const username = saslprep(first.username, "query");
      const refusal = refuseFirst(first, username, form, visit);
      if (refusal) return yield* lastWord(`e=${refusal.error}`, ended(refusal.verdict));
      const claim = await lookUp(username ?? "", form, judge.keys, visit);
      if (claim.kind === "unavailable") return ended(claim);

      const nonce = first.nonce + encodeBase64(form.nonce());
      const { salt, iterations } = claim.keys;
      const serverFirst = writeServerFirst({ nonce, salt, iterations });
      const final = understand(readClientFinal, yield Buffer.from(serverFirst));
      if (final.nonce !== nonce) return ended(denied("bad-credentials", "the nonce is not the one we sent"));
      if (!final.binding.equals(expectedBinding(first, visit)))
        return yield* lastWord("e=channel-bindings-dont-match", ended(FOREIGN_CONNECTION));
      const message = authMessage(first.bare, serverFirst, final.withoutProof);
      const isRight = isProven(form.keys, claim.keys, message, final.proof);
      const verdict = isRight ? claim.right : claim.wrong;
      judge.keys.concluded?.(username ?? "", verdict, visit);
      // A wrong proof gets no e=: whoever guesses would hear of it before the delay that a refusal costs.
      if (verdict.kind !== "accepted") return ended(verdict);
      const signature = encodeBase64(serverSignature(form.keys, claim.keys, message));
      return yield* lastWord(`v=${signature}`, ended(verdict), ended(untaken(verdict)));
    },
  };
}

/** Sends what the client can only acknowledge. A client that cancels then has heard the verdict: it stands. */
async function* lastWord<C>(
  message: string,
  conclusion: C,
  cancelled = conclusion,
): AsyncGenerator<Uint8Array, C, Uint8Array> {
  let answer: Uint8Array;
  try {
    answer = yield Buffer.from(message);
  } catch {
    return cancelled;
  }
  if (answer.length > 0) throw new MalformedResponse("there is nothing to say after the server's last message");
  return conclusion;
}

const FOREIGN_CONNECTION = denied(
  "policy",
  "the channel binding is of another TLS connection: somebody is in between, or a proxy that ends TLS",
);

/** gs2-header and binding data as the client must have seen them. */
function expectedBinding({ flag, header }: ClientFirst, { tls }: Visit): Buffer {
  const data = flag.kind === "p" ? bindingData(flag.type, tls) : undefined;
  return Buffer.concat([Buffer.from(header), data ?? EMPTY]);
}

/** Whose keys the proof is held against, and what is said of a right one and of a wrong one. */
interface Claim {
  readonly kind: "claim";
  readonly keys: ScramKeys;
  readonly right: Verdict;
  readonly wrong: Verdict;
}

/** The decoy is made for known names too: making it takes time. */
async function lookUp(
  username: string,
  { keys: name, decoySecret }: Form,
  judge: KeyJudge,
  visit: Visit,
): Promise<Claim | Unavailable> {
  const decoy = decoyKeys(name, decoySecret, judge.likeness?.(name, username) ?? usualLikeness(username));
  const found = await judge.find(username, visit);
  if (found.kind === "unavailable") return found;
  if (found.kind === "unknown") return { kind: "claim", keys: decoy, right: found, wrong: found };
  const keys = found.keys[name];
  const user = found.verdict.kind === "accepted" ? found.verdict.identity.user : found.verdict.user;
  if (keys !== undefined) {
    return { kind: "claim", keys, right: found.verdict, wrong: denied("bad-credentials", "wrong password", user) };
  }
  const none = denied("bad-credentials", `the account has no keys for ${name}: its password has to be set again`, user);
  return { kind: "claim", keys: decoy, right: none, wrong: none };
}

function untaken({ identity }: Accepted): Denied {
  return denied(
    "bad-credentials",
    "the client cancelled after our signature: it may have found it wrong",
    identity.user,
  );
}

/** What cannot be parsed is the client's malformed response. */
function understand<T>(read: (message: string) => T, bytes: Uint8Array): T {
  try {
    return read(textOf(bytes));
  } catch (error) {
    if (error instanceof ScramSyntaxError) throw new MalformedResponse(error.message);
    throw error;
  }
}
