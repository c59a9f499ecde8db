/** CRAM-MD5 as a client says it (RFC 2195): the name and the HMAC-MD5 of the challenge under the password. */
import { hmacMd5 } from "../../ntlm/md5.ts";
import { scripted, type ClientExchange } from "./exchange.ts";
import type { PasswordCredentials } from "./plain.ts";

export function cramMd5Client({ username, password }: Omit<PasswordCredentials, "authzid">): ClientExchange {
  const answer = (challenge: Uint8Array) => {
    const digest = hmacMd5(Buffer.from(password), challenge).toString("hex");
    return Buffer.from(`${username} ${digest}`);
  };
  return scripted("CRAM-MD5", false, undefined, [answer]);
}
