/** Certificates for tests, made once a process. */
import { createSecureContext } from "node:tls";
import { selfSigned } from "../../src/sandbox/certificate.ts";
import type { ClientTls } from "../../src/wire/tls-client.ts";

/** For `localhost`, `mail.example.com` and 127.0.0.1; signs itself, so it is its own authority. */
export const CERTIFICATE = selfSigned(["localhost", "mail.example.com"], ["127.0.0.1"]);
/** For another name, by another authority. */
export const STRANGER = selfSigned(["other.example.org"], []);

/** What a backend's connection verifies: `localhost`, signed by CERTIFICATE, unless said otherwise; "system" trusts the system's authorities. */
export function clientTls({ serverName = "localhost", ca = CERTIFICATE.cert, verify = true } = {}): ClientTls {
  return { serverName, verify, context: createSecureContext(ca === "system" ? {} : { ca }) };
}
