/** SPNEGO on the server's side with NTLM as its only mechanism: RFC 4178 sections 4 and 5, MS-SPNG 3.2. */
import { malformed, NtlmError } from "../error.ts";
import type { SessionSecurity } from "../session-security.ts";
import { decodeNegotiationToken, encodeNegTokenResp, isRawNtlm, NegState, Oid } from "./tokens.ts";

/** What to do with a token that has come in. */
export type SpnegoStep =
  /** An NTLM message for the mechanism within. */
  | { readonly kind: "mechanism"; readonly message: Uint8Array }
  /** A token for the client, whose next one has the NTLM message. */
  | { readonly kind: "reply"; readonly token: Buffer };

/**
 * Wraps one NTLM exchange: `receive` takes what the client sends, `challenge` wraps the CHALLENGE_MESSAGE, `complete`
 * ends. A client that sends bare NTLM messages gets bare ones. Every token is answered once; more are refused.
 */
export class SpnegoAcceptor {
  #state: "start" | "chosen" | "challenged" | "answered" | "raw" = "start";
  #mechTypeList: Buffer = Buffer.alloc(0);
  #isFirstChoice = true;
  #isMechNamed = false;
  #mechListMIC: Buffer | undefined;

  /** The client spoke NTLM without SPNEGO: there is nothing to complete. */
  get isRaw(): boolean {
    return this.#state === "raw";
  }

  /** Throws NtlmError: "malformed", "wrong-type" out of turn, "unsupported" where the client does not offer NTLM. */
  receive(bytes: Uint8Array): SpnegoStep {
    if (this.#state === "raw" || (this.#state === "start" && isRawNtlm(bytes))) {
      this.#state = "raw";
      return { kind: "mechanism", message: bytes };
    }
    return this.#state === "start" ? this.#begin(bytes) : this.#continue(bytes);
  }

  /** The CHALLENGE_MESSAGE as the client is to get it. */
  challenge(message: Buffer): Buffer {
    if (this.#state === "raw") return message;
    this.#state = "challenged";
    const supportedMech = this.#isMechNamed ? {} : { supportedMech: Oid.ntlm };
    this.#isMechNamed = true;
    return encodeNegTokenResp({ negState: NegState.acceptIncomplete, ...supportedMech, responseToken: message });
  }

  /**
   * The last token, once the logon was right. Throws NtlmError "policy" when the client's mechListMIC is wrong, or not
   * there although NTLM was not its first choice: somebody may have taken better ones off its list. `security` is the
   * server's, fresh from the logon; undefined when the judge gave no key, which is no reason to do without a MIC.
   */
  complete(security: SessionSecurity | undefined): Buffer {
    if (this.#state !== "answered") throw new NtlmError("wrong-type", "the client's last message is not there yet");
    if (this.#mechListMIC === undefined) {
      const isNeeded = !this.#isFirstChoice && security?.integrity !== false;
      if (isNeeded) throw new NtlmError("policy", "no mechListMIC, and NTLM was not the client's first choice");
      return encodeNegTokenResp({ negState: NegState.acceptCompleted });
    }
    if (!security) throw new NtlmError("policy", "a mechListMIC, and no session key to check it with");
    if (!security.verifyMechTypeList(this.#mechTypeList, this.#mechListMIC)) {
      throw new NtlmError("policy", "the mechListMIC is wrong: the list of mechanisms was altered on its way");
    }
    const mechListMIC = security.signMechTypeList(this.#mechTypeList);
    return encodeNegTokenResp({ negState: NegState.acceptCompleted, mechListMIC });
  }

  /** What a client is told whose logon was wrong, where the protocol has room for it. */
  reject(): Buffer {
    return encodeNegTokenResp({ negState: NegState.reject });
  }

  #begin(bytes: Uint8Array): SpnegoStep {
    const token = decodeNegotiationToken(bytes);
    if (token.kind !== "NegTokenInit") throw new NtlmError("wrong-type", "expected NegTokenInit, got NegTokenResp");
    const place = token.mechTypes.indexOf(Oid.ntlm);
    if (place < 0) throw new NtlmError("unsupported", "the client does not offer NTLM");
    // Kept in a buffer of its own: the bytes may be the caller's to reuse.
    this.#mechTypeList = Buffer.from(token.mechTypeList);
    this.#isFirstChoice = place === 0;
    this.#state = "chosen";
    if (this.#isFirstChoice && token.mechToken) return { kind: "mechanism", message: token.mechToken };
    // The token sent at a venture, if there is one, is another mechanism's.
    this.#isMechNamed = true;
    const negState = this.#isFirstChoice ? NegState.acceptIncomplete : NegState.requestMic;
    return { kind: "reply", token: encodeNegTokenResp({ negState, supportedMech: Oid.ntlm }) };
  }

  #continue(bytes: Uint8Array): SpnegoStep {
    const token = decodeNegotiationToken(bytes);
    if (token.kind !== "NegTokenResp") throw new NtlmError("wrong-type", "expected NegTokenResp, got NegTokenInit");
    if (this.#state === "answered") throw new NtlmError("wrong-type", "a token behind the client's last one");
    if (token.negState === NegState.reject) throw new NtlmError("unsupported", "the client rejects the negotiation");
    if (token.supportedMech !== undefined) throw malformed("supportedMech in a client's token");
    if (!token.responseToken) throw malformed("NegTokenResp without a responseToken");
    if (this.#state === "challenged") {
      this.#mechListMIC = token.mechListMIC;
      this.#state = "answered";
    }
    return { kind: "mechanism", message: token.responseToken };
  }
}
