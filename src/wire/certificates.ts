/** Certificates of a listener: chosen by SNI, replaced while running. */
import { constants, X509Certificate } from "node:crypto";
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext, type SecureVersion } from "node:tls";

/** AES-128 first: safe for all that is known, and its SHA-256 costs a handshake a third of what SHA-384 does. */
const CIPHERS = ["TLS_AES_128_GCM_SHA256", ...DEFAULT_CIPHERS.split(":")].join(":");

const OLD_VERSIONS: ReadonlySet<SecureVersion> = new Set(["TLSv1", "TLSv1.1"]);

export interface Certificate {
  /** Host names it serves; the first certificate of a list serves all others as well. */
  readonly names: readonly string[];
  readonly context: SecureContext;
  /** The certificate itself (DER), for channel bindings. */
  readonly der: Uint8Array;
}

export interface TlsLimits {
  readonly minVersion: SecureVersion;
  /** RFC 7301 names a client may ask for; others are refused, so that no web page is tricked into mail (ALPACA 2021). */
  readonly alpn: readonly string[];
  /** Authorities (PEM) whose certificates clients may show; undefined: none is asked for. */
  readonly clientCa?: string | undefined;
}

/** Reads PEM text. Throws what OpenSSL says when they do not belong together. */
export function makeCertificate(names: readonly string[], cert: string, key: string, limits: TlsLimits): Certificate {
  const leaf = new X509Certificate(cert);
  const context = createSecureContext({
    cert,
    key,
    ...(limits.clientCa !== undefined && { ca: limits.clientCa }),
    minVersion: limits.minVersion,
    // A second handshake on a connection only makes us work.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
    // OpenSSL 3 has TLS 1.0 and 1.1 only below its security level 1, for they sign with SHA-1.
    ciphers: OLD_VERSIONS.has(limits.minVersion) ? `${CIPHERS}:@SECLEVEL=0` : CIPHERS,
  });
  const own = leaf.subjectAltName?.match(/DNS:[^,]+/g)?.map((entry) => entry.slice(4)) ?? [];
  return { names: (names.length > 0 ? names : own).map((name) => name.toLowerCase()), context, der: leaf.raw };
}

/** The certificates of a listener; `replace` changes them for the handshakes that follow. */
export class Certificates {
  readonly limits: TlsLimits;
  /** Its `alpn` as RFC 7301 section 3.1 sends it: each name behind a byte with its length. */
  readonly alpn: Uint8Array;
  #list: readonly [Certificate, ...Certificate[]];

  constructor(list: readonly [Certificate, ...Certificate[]], limits: TlsLimits) {
    this.#list = list;
    this.limits = limits;
    this.alpn = Buffer.concat(limits.alpn.flatMap((name) => [Buffer.of(name.length), Buffer.from(name)]));
  }

  replace(list: readonly [Certificate, ...Certificate[]]): void {
    this.#list = list;
  }

  get areSeveral(): boolean {
    return this.#list.length > 1;
  }

  choose(serverName: string | undefined): Certificate {
    const name = serverName?.toLowerCase();
    return (
      (name !== undefined && this.#list.find((each) => each.names.some((own) => matches(own, name)))) || this.#list[0]
    );
  }
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === name;
  return name.slice(name.indexOf(".")) === pattern.slice(1);
}
