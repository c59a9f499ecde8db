/** EXTERNAL as a client says it (RFC 4422 appendix A): whoever the TLS client certificate stands for. */
import { scripted, type ClientExchange } from "./exchange.ts";

/** `authzid`: whom to act as; empty: the identity that follows from the certificate. */
export function externalClient({ authzid = "" }: { readonly authzid?: string } = {}): ClientExchange {
  return scripted("EXTERNAL", false, Buffer.from(authzid));
}
