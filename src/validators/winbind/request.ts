/** One question of the protocol `ntlm-server-1`, as ntlm_auth(1) describes it: lines of key and value up to a single dot. */
import { encodeBase64 } from "../../core/base64.ts";

export interface Question {
  readonly user: string;
  /** Empty: none given. */
  readonly domain: string;
  /** 8 bytes; under NTLM2 session what both sides' challenges make together. */
  readonly challenge: Uint8Array;
  /** At least 24 bytes. */
  readonly ntResponse: Uint8Array;
}

/** The key is asked for, since whoever has it can tell whose answer came. Names go in base64: no line can be put into them. */
export function writeQuestion({ user, domain, challenge, ntResponse }: Question): string {
  return [
    `Username:: ${base64(user)}`,
    `NT-Domain:: ${base64(domain)}`,
    `LANMAN-Challenge: ${Buffer.from(challenge).toString("hex")}`,
    `NT-Response: ${Buffer.from(ntResponse).toString("hex")}`,
    "Request-User-Session-Key: Yes",
    ".\n",
  ].join("\n");
}

function base64(text: string): string {
  return encodeBase64(Buffer.from(text, "utf8"));
}
