/**
 * SCRAM-SHA-256, SCRAM-SHA-1 and their -PLUS forms as a client says them (RFC 5802 sections 5 and 6, RFC 7677): the password
 * is never sent, and the server must prove that it knows its keys.
 */
import { randomBytes } from "node:crypto";
import { saslprep } from "../../scram/saslprep.ts";
import { clientProof, isSameKey, LEAST_ITERATIONS, saltedPassword, type ScramName } from "../../scram/keys.ts";
import {
  authMessage,
  readServerFinal,
  readServerFirst,
  ScramSyntaxError,
  writeClientFinal,
  writeClientFirst,
  type BindingFlag,
} from "../../scram/messages.ts";
import { encodeBase64 } from "../../core/base64.ts";
import { SaslError, tooMany, type ClientExchange } from "./exchange.ts";
import type { PasswordCredentials } from "./plain.ts";

export interface ChannelBinding {
  /** `tls-exporter` (RFC 9266: 32 bytes under the label EXPORTER-Channel-Binding) or `tls-server-end-point` (RFC 5929). */
  readonly type: string;
  /** Without the prefix that GSS-API has. */
  readonly data: Uint8Array;
}

export interface ScramCredentials extends PasswordCredentials {
  readonly hash: "SHA-256" | "SHA-1";
  /**
   * Binds the logon to the TLS connection and makes it a -PLUS mechanism. "not-offered": the client could bind, but the
   * server lists no -PLUS form; a server that did list one then knows that somebody changed its list.
   */
  readonly channelBinding?: ChannelBinding | "not-offered" | undefined;
  /** Printable ASCII without commas, never the same twice; for tests. */
  readonly nonce?: string | undefined;
  /** A server that asks for more only wants to keep us busy. */
  readonly mostIterations?: number | undefined;
}

/** Some tenths of a second; servers ask for 4096 to 600000. */
const MOST_ITERATIONS = 1_000_000;

/** Throws SaslError where name or password cannot be prepared with SASLprep. */
export function scramClient(credentials: ScramCredentials): ClientExchange {
  return new ScramClient(credentials);
}

class ScramClient implements ClientExchange {
  readonly mechanism: string;
  readonly plaintext = false;
  readonly initial: Uint8Array;
  readonly #name: ScramName;
  readonly #password: string;
  readonly #nonce: string;
  readonly #header: string;
  readonly #bare: string;
  readonly #bindingData: Uint8Array;
  readonly #mostIterations: number;
  #state: "first" | "final" | "proven" | "failed" = "first";
  #expected: Uint8Array = Buffer.alloc(0);

  constructor({ hash, username, password, authzid, channelBinding, nonce, mostIterations }: ScramCredentials) {
    const flag = flagFor(channelBinding);
    this.#name = `SCRAM-${hash}`;
    this.mechanism = flag.kind === "p" ? `${this.#name}-PLUS` : this.#name;
    this.#password = prepared(password, "password");
    this.#nonce = nonce ?? encodeBase64(randomBytes(18));
    const { header, bare } = writeClientFirst(flag, authzid ?? "", prepared(username, "user name"), this.#nonce);
    [this.#header, this.#bare] = [header, bare];
    this.#bindingData = typeof channelBinding === "object" ? channelBinding.data : Buffer.alloc(0);
    this.#mostIterations = mostIterations ?? MOST_ITERATIONS;
    this.initial = Buffer.from(header + bare);
  }

  async next(challenge: Uint8Array): Promise<Uint8Array> {
    const state = this.#state;
    this.#state = "failed"; // until it has gone well
    if (state === "first") return this.#answer(Buffer.from(challenge).toString("utf8"));
    if (state === "final") return this.#verify(Buffer.from(challenge).toString("utf8"));
    throw tooMany(this.mechanism);
  }

  finish(): void {
    if (this.#state !== "proven")
      throw new SaslError(
        "server-not-proven",
        "the server lets us in without having proven that it knows the password",
      );
  }

  async #answer(serverFirst: string): Promise<Uint8Array> {
    if (serverFirst.startsWith("e=")) this.#readFinal(serverFirst); // some refuse as early as this
    const { nonce, salt, iterations } = understand(readServerFirst, serverFirst);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw new SaslError("bad-challenge", "the server's nonce does not continue ours");
    if (iterations < LEAST_ITERATIONS || iterations > this.#mostIterations)
      throw new SaslError("bad-challenge", `the server asks for ${iterations} iterations, too few or too many`);
    const binding = Buffer.concat([Buffer.from(this.#header), this.#bindingData]);
    const withoutProof = writeClientFinal(binding, nonce);
    const salted = await saltedPassword(this.#name, this.#password, { salt, iterations });
    const message = authMessage(this.#bare, serverFirst, withoutProof);
    const { proof, serverSignature } = clientProof(this.#name, salted, message);
    this.#expected = serverSignature;
    this.#state = "final";
    return Buffer.from(`${withoutProof},p=${encodeBase64(proof)}`);
  }

  #verify(serverFinal: string): Uint8Array {
    if (!isSameKey(this.#readFinal(serverFinal), this.#expected))
      throw new SaslError("server-not-proven", "the server's signature is wrong: it does not know the password");
    this.#state = "proven";
    return Buffer.alloc(0);
  }

  #readFinal(message: string): Uint8Array {
    const final = understand(readServerFinal, message);
    if (final.kind === "signature") return final.signature;
    throw new SaslError("refused", `the server refuses: ${final.error.replace(/[^\x20-\x7e]/g, "?").slice(0, 80)}`);
  }
}

function flagFor(binding: ScramCredentials["channelBinding"]): BindingFlag {
  if (binding === undefined) return { kind: "n" };
  return binding === "not-offered" ? { kind: "y" } : { kind: "p", type: binding.type };
}

/** RFC 5802 section 5.1: clients prepare both as queries, and stop where that fails. */
function prepared(text: string, what: string): string {
  const result = saslprep(text, "query");
  if (result === undefined) throw new SaslError("bad-credentials", `the ${what} is empty or has prohibited characters`);
  return result;
}

function understand<T>(read: (message: string) => T, message: string): T {
  try {
    return read(message);
  } catch (error) {
    if (error instanceof ScramSyntaxError) throw new SaslError("bad-challenge", error.message);
    throw error;
  }
}
