/** An NTLM server for applications (MS-NLMP 3.2): a challenge for each client, a verdict on its answer. */
import { randomBytes } from "node:crypto";
import { openChallenge, type ChallengeDialect, type PendingChallenge, type Reveal } from "../../ntlm/acceptor.ts";
import { NtlmError } from "../../ntlm/error.ts";
import { DEFAULT_POLICY, type AcceptorPolicy } from "../../ntlm/policy.ts";
import { filetimeNow } from "../clock.ts";
import { completeNames, type TargetNames } from "../target-names.ts";
import { judge, type NtlmAccount, type NtlmResult } from "./judge.ts";

export type { NtlmAccount, NtlmAccepted, NtlmRefused, NtlmResult } from "./judge.ts";

/** Who is served by whom, and how careful the server is. */
export interface NtlmServerOptions<A extends NtlmAccount = NtlmAccount> {
  /**
   * The account of a name, or undefined. `DOMAIN\user` and `user@domain` arrive split; `domain` is undefined when the
   * client named none. Whether the domain matters is yours to say. Names are the client's, so look them up safely.
   */
  find(user: string, domain: string | undefined): A | undefined | Promise<A | undefined>;
  /** What the CHALLENGE says of this server; WORKGROUP and SERVER unless given. */
  readonly names?: Partial<TargetNames>;
  /** NTLMv2 only, and every protection that a client uses is verified, unless said otherwise. */
  readonly policy?: Partial<AcceptorPolicy>;
  /** How much strangers learn of `names` and of the version; all unless said otherwise. */
  readonly reveal?: Reveal;
  /** The form of the CHALLENGE. */
  readonly dialect?: ChallengeDialect;
}

/** Of the connection that the exchange runs on. */
export interface NtlmConnection {
  /** `channelBindingOf` the certificate that this server shows, when the connection is TLS. */
  readonly channelBinding?: Uint8Array | undefined;
}

export interface NtlmServer<A extends NtlmAccount = NtlmAccount> {
  /** A new exchange; every logon needs its own. */
  begin(connection?: NtlmConnection): NtlmServerExchange<A>;
}

export interface NtlmServerExchange<A extends NtlmAccount = NtlmAccount> {
  /** The CHALLENGE_MESSAGE for a client's NEGOTIATE_MESSAGE. Throws NtlmError for bytes that are none. */
  challenge(negotiate: Uint8Array): Buffer;
  /**
   * Judges the AUTHENTICATE_MESSAGE. What a client sends is never a reason to reject: that is a result. Rejects with
   * what `find` throws, and with NtlmError "wrong-type" when there is no challenge that is still unanswered.
   */
  verify(authenticate: Uint8Array): Promise<NtlmResult<A>>;
}

/** A server for any number of exchanges. Challenges come from the system's random source, each good for one answer. */
export function createServer<A extends NtlmAccount>(options: NtlmServerOptions<A>): NtlmServer<A> {
  return { begin: (connection = {}) => new Exchange(options, connection) };
}

class Exchange<A extends NtlmAccount> implements NtlmServerExchange<A> {
  readonly #options: NtlmServerOptions<A>;
  readonly #connection: NtlmConnection;
  #pending: PendingChallenge | "none" | "answered" = "none";

  constructor(options: NtlmServerOptions<A>, connection: NtlmConnection) {
    this.#options = options;
    this.#connection = connection;
  }

  challenge(negotiate: Uint8Array): Buffer {
    if (this.#pending !== "none") throw new NtlmError("wrong-type", "a second NEGOTIATE_MESSAGE in one exchange");
    const { names, dialect = "auto", reveal } = this.#options;
    this.#pending = openChallenge(Buffer.from(negotiate), {
      names: completeNames(names),
      serverChallenge: randomBytes(8),
      timestamp: filetimeNow(),
      dialect,
      reveal,
    });
    return this.#pending.message;
  }

  async verify(authenticate: Uint8Array): Promise<NtlmResult<A>> {
    const pending = this.#pending;
    if (typeof pending === "string") throw new NtlmError("wrong-type", "there is no challenge to be answered");
    this.#pending = "answered";
    const policy = { ...DEFAULT_POLICY, ...this.#options.policy };
    const { channelBinding } = this.#connection;
    const find = (user: string, domain: string | undefined) => this.#options.find(user, domain);
    return judge(Buffer.from(authenticate), { pending, policy, channelBinding, find });
  }
}
