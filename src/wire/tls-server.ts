/** TLS towards clients: certificates by SNI, replaced while running, implicit or by STARTTLS. */
import { constants, X509Certificate } from "node:crypto";
import { createSecureContext, DEFAULT_CIPHERS, TLSSocket, type SecureContext, type SecureVersion } from "node:tls";
import { clientCertificateOf, type ShownCertificate } from "./client-certificate.ts";
import { clearDeadline, startDeadline } from "./deadlines.ts";
import { WireClosed, type Wire } from "./wire.ts";

/** A handshake takes at most this long, whatever the client does. */
const HANDSHAKE_TIME = 15_000;

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

/** What the handshake has settled. */
export interface Secured {
  readonly certificate: Certificate;
  /** Keying material of the connection, 32 bytes (RFC 9266); undefined below TLS 1.3. */
  readonly exporter: (() => Uint8Array) | undefined;
  readonly clientCertificate: ShownCertificate | undefined;
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
  #list: readonly [Certificate, ...Certificate[]];

  constructor(list: readonly [Certificate, ...Certificate[]], limits: TlsLimits) {
    this.#list = list;
    this.limits = limits;
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

/**
 * Continues `wire` under TLS. `isFirst`: TLS from the first byte, so what has been heard belongs to the handshake.
 * Throws WireClosed.
 */
export function secureServer(wire: Wire, certificates: Certificates, isFirst: boolean): Promise<Secured> {
  const raw = wire.detach(isFirst);
  let shown = certificates.choose(undefined);
  return new Promise((resolve, reject) => {
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: shown.context,
      ALPNProtocols: [...certificates.limits.alpn],
      // Whoever shows none, or a bad one, logs on in another way.
      ...(certificates.limits.clientCa !== undefined && { requestCert: true, rejectUnauthorized: false }),
      // Asking costs a handshake a pause in its middle: only where there is a choice.
      ...(certificates.areSeveral && {
        SNICallback: (name, answer) => {
          shown = certificates.choose(name);
          answer(null, shown.context);
        },
      }),
    });
    const deadline = startDeadline(HANDSHAKE_TIME, () => socket.destroy(new Error("handshake took too long")));
    const failed = (error?: Error): void => {
      clearDeadline(deadline);
      raw.destroy();
      const why = wire.whyClosed ?? `TLS: ${error?.message ?? "the client left"}`;
      wire.fail(why);
      reject(new WireClosed(why));
    };
    const left = (): void => failed();
    socket.on("error", failed);
    // A peer that ends without a handshake: our sockets stay half open, so nothing else would tell.
    socket.on("end", left);
    raw.on("close", left);
    socket.once("secure", () => {
      clearDeadline(deadline);
      socket.off("error", failed);
      socket.off("end", left);
      raw.off("close", left);
      wire.attach(socket);
      resolve(settled(socket, shown, certificates.limits));
    });
  });
}

function settled(socket: TLSSocket, certificate: Certificate, { clientCa }: TlsLimits): Secured {
  return {
    certificate,
    exporter: socket.getProtocol() === "TLSv1.3" ? () => exportKeys(socket) : undefined,
    clientCertificate: clientCa === undefined ? undefined : clientCertificateOf(socket),
  };
}

/** RFC 9266 section 2. */
function exportKeys(socket: TLSSocket): Uint8Array {
  return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
}
