/** One client's stay, as far as everyone may know about it. */
import type { ClientCertificate } from "./evidence.ts";

export type ProtocolName = "pop3" | "imap" | "smtp";

export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** The TLS connection itself, for channel bindings and client certificates. */
export interface TlsFacts {
  /** tls-server-end-point (RFC 5929 section 4); undefined for a certificate that it defines no hash for. */
  readonly serverEndPoint: Uint8Array | undefined;
  /** tls-exporter (RFC 9266), 32 bytes, computed when asked for; undefined below TLS 1.3, and of a connection that is over. */
  readonly exporter: (() => Uint8Array | undefined) | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
}

export interface Visit {
  /** Unique in this process; in the log, and in what the sandbox prints. */
  readonly id: string;
  readonly protocol: ProtocolName;
  /** The listener's name in the configuration. */
  readonly listener: string;
  /** The client's own address: from the PROXY header where a trusted proxy sent one. */
  readonly client: Peer;
  /** Under TLS now. Becomes true when STARTTLS has been done. */
  readonly secure: boolean;
  /** MsvAvChannelBindings for the certificate of this very connection, 16 bytes; undefined without TLS. */
  readonly channelBinding: Uint8Array | undefined;
  /** undefined without TLS. */
  readonly tls: TlsFacts | undefined;
}
