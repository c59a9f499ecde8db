/** One client's stay, as far as everyone may know about it. */

export type ProtocolName = "pop3" | "imap" | "smtp";

export interface Peer {
  readonly address: string;
  readonly port: number;
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
}
