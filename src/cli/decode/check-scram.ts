/** `postern decode --password` on SCRAM: is the proof right, and the server's signature (RFC 5802 section 3)? */
import { pbkdf2Sync } from "node:crypto";
import { clientProof, keyLength, type ScramName } from "../../scram/keys.ts";
import {
  authMessage,
  readClientFinal,
  readClientFirst,
  readServerFinal,
  readServerFirst,
  ScramSyntaxError,
} from "../../scram/messages.ts";
import { saslprep } from "../../scram/saslprep.ts";
import type { PasswordFinding } from "./check-password.ts";
import { passwordVariants } from "./password-variants.ts";
import type { Effort } from "./what-would-match.ts";

/** The messages as sent; the last one may not be at hand. */
export interface ScramExchange {
  readonly clientFirst: Uint8Array;
  readonly serverFirst: Uint8Array;
  readonly clientFinal: Uint8Array;
  readonly serverFinal?: Uint8Array | undefined;
}

/** Never throws: what cannot be read is a finding, too. `name` is known from the proof's length where nothing says it. */
export function checkScram(exchange: ScramExchange, password: string, effort: Effort): PasswordFinding {
  try {
    return judge(exchange, password, effort);
  } catch (error) {
    if (!(error instanceof ScramSyntaxError)) throw error;
    return { right: false, response: `cannot be checked: ${error.message}` };
  }
}

function judge(exchange: ScramExchange, password: string, effort: Effort): PasswordFinding {
  const first = readClientFirst(text(exchange.clientFirst));
  const server = readServerFirst(text(exchange.serverFirst));
  const final = readClientFinal(text(exchange.clientFinal));
  const name = HASHES.find((each) => keyLength(each) === final.proof.length);
  if (name === undefined) return unchecked(`a proof of ${final.proof.length} bytes is of no known hash`);
  if (!server.nonce.startsWith(first.nonce) || final.nonce !== server.nonce)
    return unchecked("the nonces are of different exchanges");
  const affordable = Math.floor(effort.rounds / server.iterations);
  if (affordable === 0) return unchecked(`${server.iterations} iterations are more than is spent here`);
  const message = authMessage(first.bare, text(exchange.serverFirst), final.withoutProof);
  const tryOne = (each: string) => {
    effort.rounds -= server.iterations;
    const salted = pbkdf2Sync(Buffer.from(each), server.salt, server.iterations, keyLength(name), DIGEST[name]);
    const made = clientProof(name, salted, message);
    return made.proof.equals(final.proof) ? made.serverSignature : undefined;
  };
  return conclude(exchange, { name, password, affordable, tryOne });
}

interface Trials {
  readonly name: ScramName;
  readonly password: string;
  readonly affordable: number;
  /** The ServerSignature if the proof is that of this password. */
  readonly tryOne: (password: string) => Buffer | undefined;
}

function conclude({ serverFinal }: ScramExchange, { name, password, affordable, tryOne }: Trials): PasswordFinding {
  const prepared = saslprep(password, "query") ?? password;
  const signature = tryOne(prepared);
  if (signature) {
    const note = serverFinal === undefined ? "" : `; ${signatureFinding(serverFinal, signature)}`;
    return { right: true, response: `right: ${name}${note}` };
  }
  const raw = { what: "the password without SASLprep", text: password };
  const candidates = [...(raw.text === prepared ? [] : [raw]), ...passwordVariants(password)].filter(
    ({ text: each }) => each !== prepared,
  );
  const tried = candidates.slice(0, affordable - 1);
  const found = tried.find(({ text: each }) => tryOne(each));
  if (found) return { right: false, response: `wrong: the proof was computed with ${found.what}` };
  const words = `wrong: the proof was computed with another password, user or salt (${tried.length} variants were tried)`;
  return { right: false, response: words };
}

function signatureFinding(serverFinal: Uint8Array, expected: Buffer): string {
  const final = readServerFinal(text(serverFinal));
  if (final.kind === "error") return `yet the server said ${final.error}`;
  return final.signature.equals(expected) ? "the server's signature is right, too" : "the server's signature is WRONG";
}

function unchecked(why: string): PasswordFinding {
  return { right: false, response: `cannot be checked: ${why}` };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

const HASHES: readonly ScramName[] = ["SCRAM-SHA-256", "SCRAM-SHA-1"];
const DIGEST: Readonly<Record<ScramName, string>> = { "SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1" };
