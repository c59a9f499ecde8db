/** XOAUTH2 as a client says it (Google's and Microsoft's mechanism from before RFC 7628): name and bearer token. */
import { bearerExchange, type BearerCredentials, type BearerExchange } from "./oauthbearer.ts";

/** Throws SaslError for tokens and names with control characters, which part the fields. */
export function xoauth2Client({ username, token }: BearerCredentials): BearerExchange {
  // The error is answered with an empty line, unlike in OAUTHBEARER.
  return bearerExchange("XOAUTH2", [`user=${username}`, `auth=Bearer ${token}`, "", ""], Buffer.alloc(0));
}
