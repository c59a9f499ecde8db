/** An NTLM client for applications (MS-NLMP 3.1): nonces and time are the system's. */
import { channelBindingHash, tlsServerEndPoint } from "../../ntlm/channel-binding.ts";
import { NtlmInitiator, type NtlmInitiatorOptions } from "../../ntlm/ntlm-initiator.ts";
import { filetimeNow } from "../clock.ts";

/** One client's side of one exchange; `createClient` makes it. */
export type NtlmClient = NtlmInitiator;

type Required = "user" | "password";
type Chosen =
  "workstation" | "targetName" | "channelBinding" | "scheme" | "policy" | "oemCharset" | "request" | "flags";

/** Whose logon it is, and what it protects itself with. */
export interface NtlmClientOptions extends Pick<NtlmInitiatorOptions, Required | Chosen> {
  /** The account's domain; none unless given. */
  readonly domain?: string;
}

/**
 * A client for one exchange: send what `negotiate()` gives, then what `authenticate(challenge)` makes of the answer;
 * `security()` then signs and seals. NTLMv2 with a MIC, unless `scheme` asks for something older.
 * Both throw NtlmError: for a CHALLENGE that cannot be read, a second one, or a server that `policy` forbids.
 */
export function createClient({ domain = "", ...options }: NtlmClientOptions): NtlmClient {
  return new NtlmInitiator({ ...options, domain, clock: filetimeNow });
}

/**
 * The `channelBinding` of either side, 16 bytes, from the server's certificate in DER, such as
 * `tlsSocket.getPeerX509Certificate().raw` (MS-NLMP MsvAvChannelBindings over RFC 5929 tls-server-end-point). undefined
 * for certificates that RFC 5929 defines no binding for (Ed25519, Ed448).
 */
export function channelBindingOf(certificateDer: Uint8Array): Buffer | undefined {
  const applicationData = tlsServerEndPoint(certificateDer);
  return applicationData && channelBindingHash(applicationData);
}
