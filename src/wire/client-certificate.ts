/** The certificate that a client has shown in the handshake, once it is known to come from the listener's authorities. */
import type { TLSSocket } from "node:tls";

/** For EXTERNAL (RFC 4422 appendix A). */
export interface ShownCertificate {
  /** SHA-256 of the certificate, 64 lower-case hex digits. */
  readonly fingerprint: string;
  readonly commonName: string | undefined;
  /** rfc822Name entries of its subjectAltName (RFC 5280 section 4.2.1.6). */
  readonly emails: readonly string[];
}

/** undefined: none was shown, or it does not stand up to the authorities. */
export function clientCertificateOf(socket: TLSSocket): ShownCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate || verifyError(socket) !== undefined) return undefined;
  return {
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    commonName: /^CN=(.+)$/m.exec(certificate.subject)?.[1],
    emails: emailsOf(certificate.subjectAltName ?? ""),
  };
}

/**
 * OpenSSL's verdict on the chain. Node asks for it in its own TLS servers but shows it nowhere else; where the question
 * cannot be put, nobody is trusted.
 */
function verifyError(socket: TLSSocket): Error | undefined {
  const { ssl } = socket as unknown as { ssl?: { verifyError?: () => Error | null | undefined } };
  if (typeof ssl?.verifyError !== "function") return new Error("unknown");
  return ssl.verifyError() ?? undefined;
}

/** Node prints `email:a@b, DNS:c`, and puts quotes around whatever could be taken for more than one entry. */
function emailsOf(subjectAltName: string): string[] {
  const entries = subjectAltName.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return entries.flatMap((entry) => /^ ?email:([^\s"@]+@[^\s"@]+)$/.exec(entry)?.[1] ?? []);
}
