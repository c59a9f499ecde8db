/** What a SASL mechanism is on the client's side (RFC 4422 section 3): maybe a first word, then an answer to each challenge. */

/**
 * One attempt to log on. Bytes only: base64, framing and commands are the protocol's business.
 *
 * `initial` goes with the command where the protocol has initial responses; where it has none, or the server answers with
 * an empty challenge first, it is the answer to that. Every further challenge goes to `next`, and what comes back goes to
 * the server. `finish` has to be called when the server says that the logon has succeeded, before it is believed.
 */
export interface ClientExchange {
  /** The mechanism's registered name, for the command. */
  readonly mechanism: string;
  /** Shows the password or token to whoever listens: for TLS only. */
  readonly plaintext: boolean;
  /** undefined: the server speaks first. Empty is not the same: SMTP and others then write `=`. */
  readonly initial: Uint8Array | undefined;
  /** The response to a challenge. Rejects with SaslError; the exchange is then to be cancelled with `*`. */
  next(challenge: Uint8Array): Promise<Uint8Array>;
  /** Throws SaslError where the server has left out what it owed: SCRAM's proof that it knows the password. */
  finish(): void;
}

export type SaslErrorCode =
  /** The server's challenge cannot be read, or there is one too many. */
  | "bad-challenge"
  /** The server does not know the password, or never said that it does: it is not the one that the user has an account at. */
  | "server-not-proven"
  /** The server says why it refuses, before it refuses. */
  | "refused"
  /** The names or the password cannot be sent with this mechanism. */
  | "bad-credentials";

/** The only error that mechanisms throw; its message holds no secret. */
export class SaslError extends Error {
  override readonly name = "SaslError";
  readonly code: SaslErrorCode;

  constructor(code: SaslErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The exchange of a mechanism in which the server proves nothing; `answers` are given in this order. */
export function scripted(
  mechanism: string,
  plaintext: boolean,
  initial: Uint8Array | undefined,
  answers: readonly ((challenge: Uint8Array) => Uint8Array)[] = [],
): ClientExchange {
  const left = [...answers];
  return {
    mechanism,
    plaintext,
    initial,
    next(challenge) {
      const answer = left.shift();
      if (answer === undefined) return Promise.reject(tooMany(mechanism));
      return new Promise((resolve) => resolve(answer(challenge)));
    },
    finish: () => undefined,
  };
}

export function tooMany(mechanism: string): SaslError {
  return new SaslError("bad-challenge", `${mechanism} has no answer to another challenge`);
}
