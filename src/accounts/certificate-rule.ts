/**
 * Which client certificates an account says are its own: `sha256:HEX` means this one certificate, as
 * `openssl x509 -fingerprint -sha256` shows it, with colons or without; `email` means every certificate that the listener's
 * authorities have issued for the account's address. Several are parted by commas.
 */

export interface CertificateRule {
  /** 64 lower-case hexadecimal digits each. */
  readonly fingerprints: readonly string[];
  readonly byEmail: boolean;
}

export const NO_CERTIFICATE: CertificateRule = { fingerprints: [], byEmail: false };

/** undefined: neither `email` nor fingerprints. */
export function parseCertificateRule(text: string): CertificateRule | undefined {
  const words = text.split(",");
  const fingerprints = words.filter((word) => word !== "email").map(parseFingerprint);
  if (fingerprints.some((fingerprint) => fingerprint === undefined)) return undefined;
  return { fingerprints: fingerprints.flatMap((each) => each ?? []), byEmail: words.includes("email") };
}

function parseFingerprint(word: string): string | undefined {
  const [, digits = ""] = /^sha256:([0-9a-f:]+)$/i.exec(word) ?? [];
  const plain = digits.replaceAll(":", "").toLowerCase();
  return plain.length === 64 ? plain : undefined;
}
