/** One NTLM exchange of a client from its first message to session security (MS-NLMP 3.1), with nonces of the system's. */
import { randomBytes } from "node:crypto";
import { DEFAULT_CLIENT_POLICY, checkBlocked, schemeOffered, type ClientPolicy } from "./client-policy.ts";
import { NtlmError } from "./error.ts";
import {
  authenticateMessage,
  clientConfigFlags,
  negotiateMessage,
  type Answer,
  type InitiatorOptions,
  type SessionRequest,
} from "./initiator.ts";
import { SessionSecurity } from "./session-security.ts";

type Given = "negotiate" | "challenge" | "clientChallenge" | "exportedSessionKey" | "time";

export interface NtlmInitiatorOptions extends Omit<InitiatorOptions, Given> {
  readonly request?: SessionRequest;
  /** NegotiateFlags to offer, for who wants others than the ones that scheme and request lead to. */
  readonly flags?: number;
  /** Now, as a FILETIME. */
  readonly clock: () => bigint;
  /** As many random bytes as asked for; the system's unless a test gives others. */
  readonly random?: (length: number) => Uint8Array;
}

/** Call negotiate, send what it gives, then authenticate with what comes back; connectionless exchanges begin there. */
export class NtlmInitiator {
  readonly #options: NtlmInitiatorOptions;
  #negotiate: Uint8Array = new Uint8Array(0);
  #challenge: Uint8Array | undefined;
  #answer: Answer | undefined;

  constructor(options: NtlmInitiatorOptions) {
    this.#options = options;
  }

  /** The NEGOTIATE_MESSAGE. Throws NtlmError "policy" where ours forbids NTLM. */
  negotiate(): Buffer {
    const { request, scheme, targetName, flags } = this.#options;
    const policy: ClientPolicy = { ...DEFAULT_CLIENT_POLICY, ...this.#options.policy };
    checkBlocked(policy, targetName);
    const offered = scheme ?? schemeOffered(policy.lmCompatibilityLevel);
    const message = negotiateMessage(offered, flags ?? clientConfigFlags(offered, request));
    this.#negotiate = message;
    return message;
  }

  /** The AUTHENTICATE_MESSAGE. Throws NtlmError as authenticateMessage does, and when a challenge was answered before. */
  authenticate(challenge: Uint8Array): Buffer {
    if (this.#challenge) throw new NtlmError("wrong-type", "a second CHALLENGE_MESSAGE in one exchange");
    this.#challenge = challenge;
    const random = this.#options.random ?? randomBytes;
    this.#answer = authenticateMessage({
      ...this.#options,
      negotiate: this.#negotiate,
      challenge,
      clientChallenge: random(8),
      exportedSessionKey: random(16),
      time: this.#options.clock(),
    });
    return this.#answer.message;
  }

  /** undefined until a challenge was answered. Each call begins a session of its own: sequence numbers start at 0. */
  security(): SessionSecurity | undefined {
    return this.#answer && new SessionSecurity(this.#answer.exportedSessionKey, this.#answer.flags, "client");
  }

  /** undefined until a challenge was answered; 16 bytes. */
  get exportedSessionKey(): Buffer | undefined {
    return this.#answer?.exportedSessionKey;
  }
}
