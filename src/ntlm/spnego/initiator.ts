/** SPNEGO on the client's side with NTLM as its only mechanism: RFC 4178 sections 4 and 5, MS-SPNG 3.1. */
import { NtlmError } from "../error.ts";
import type { NtlmInitiator } from "../ntlm-initiator.ts";
import type { SessionSecurity } from "../session-security.ts";
import {
  decodeNegotiationToken,
  encodeMechTypeList,
  encodeNegTokenInit,
  encodeNegTokenResp,
  NegState,
  Oid,
  type NegTokenResp,
} from "./tokens.ts";

/** `begin` gives the first token; `receive` takes each of the server's and gives the next until there is none. */
export class SpnegoInitiator {
  readonly #ntlm: NtlmInitiator;
  #state: "start" | "begun" | "answered" | "completed" = "start";
  #isRepeated = false;
  #security: SessionSecurity | undefined;

  constructor(ntlm: NtlmInitiator) {
    this.#ntlm = ntlm;
  }

  /** NegTokenInit with the NEGOTIATE_MESSAGE. Throws NtlmError "policy". */
  begin(): Buffer {
    this.#state = "begun";
    return encodeNegTokenInit(MECHANISMS, this.#ntlm.negotiate());
  }

  /**
   * The answer to a server's token; undefined when that was the last. Throws NtlmError: "malformed", "wrong-type" out of
   * turn, "unsupported" when the server rejects or wants another mechanism, "policy" when its mechListMIC is wrong.
   */
  receive(bytes: Uint8Array): Buffer | undefined {
    const token = decodeNegotiationToken(bytes);
    // A server that speaks first says what it can do.
    if (token.kind === "NegTokenInit") return this.#beginAfter(token.mechTypes);
    if (token.negState === NegState.reject) throw new NtlmError("unsupported", "the server rejects the negotiation");
    if (token.supportedMech !== undefined && token.supportedMech !== Oid.ntlm) {
      throw new NtlmError("unsupported", `the server wants mechanism ${token.supportedMech}`);
    }
    if (this.#state === "begun") return this.#answer(token);
    if (this.#state === "answered") return this.#finish(token);
    throw new NtlmError("wrong-type", "a token out of turn");
  }

  /** Both sides are done. */
  get isCompleted(): boolean {
    return this.#state === "completed";
  }

  /** Of the session, once completed: the mechListMICs have used up number 0 where there were any. */
  get security(): SessionSecurity | undefined {
    return this.isCompleted ? this.#security : undefined;
  }

  #beginAfter(mechTypes: readonly string[]): Buffer {
    if (this.#state !== "start") throw new NtlmError("wrong-type", "a NegTokenInit out of turn");
    if (!mechTypes.includes(Oid.ntlm)) throw new NtlmError("unsupported", "the server does not offer NTLM");
    return this.begin();
  }

  #answer(token: NegTokenResp): Buffer {
    if (token.negState === NegState.acceptCompleted)
      throw new NtlmError("wrong-type", "completed before it was answered");
    // A server that did not look at the first token asks for it again, without a message of its own.
    if (!token.responseToken) return this.#repeat();
    const responseToken = this.#ntlm.authenticate(token.responseToken);
    this.#security = this.#ntlm.security();
    this.#state = "answered";
    const mechListMIC = this.#security?.integrity ? this.#security.signMechTypeList(MECH_TYPE_LIST) : undefined;
    return encodeNegTokenResp({
      negState: NegState.acceptIncomplete,
      responseToken,
      ...(mechListMIC ? { mechListMIC } : {}),
    });
  }

  #repeat(): Buffer {
    if (this.#isRepeated) throw new NtlmError("wrong-type", "the server asks for the first message a third time");
    this.#isRepeated = true;
    return encodeNegTokenResp({ responseToken: this.#ntlm.negotiate() });
  }

  /** A server without a MIC is taken: with a single mechanism on our list nothing can have been taken off it. */
  #finish(token: NegTokenResp): undefined {
    if (token.negState !== NegState.acceptCompleted)
      throw new NtlmError("wrong-type", "not completed after the answer");
    if (token.responseToken) throw new NtlmError("wrong-type", "an NTLM message behind the last one");
    if (token.mechListMIC && !this.#security?.verifyMechTypeList(MECH_TYPE_LIST, token.mechListMIC)) {
      throw new NtlmError("policy", "the server's mechListMIC is wrong");
    }
    this.#state = "completed";
    return undefined;
  }
}

const MECHANISMS = [Oid.ntlm];
const MECH_TYPE_LIST = encodeMechTypeList(MECHANISMS);
