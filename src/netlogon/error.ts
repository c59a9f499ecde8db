/** The one error of this room: asking a domain controller went wrong, which never says anything about the user. */

export type NetlogonErrorKind =
  /** No connection, or nobody there who speaks Netlogon. */
  | "unreachable"
  /** The time was over. */
  | "timeout"
  /** The domain controller says no to our machine account or to its key. */
  | "refused"
  /** The domain controller says what the protocol does not allow, or cannot prove who it is. */
  | "protocol"
  /** The connection is over: the other side has closed it, or we have. */
  | "closed";

export interface NetlogonErrorDetails {
  /** NTSTATUS of a refusal, or the status of an RPC fault (C706 appendix E). */
  readonly status?: number;
  readonly isKeyStale?: boolean;
  readonly cause?: unknown;
}

/** Its message is fit for a log: names, numbers and statuses, never keys or responses. */
export class NetlogonError extends Error {
  override readonly name = "NetlogonError";
  readonly kind: NetlogonErrorKind;
  readonly status: number | undefined;
  /** The domain controller does not know our session key (any more): a new handshake may help, at once. */
  readonly isKeyStale: boolean;

  constructor(
    kind: NetlogonErrorKind,
    message: string,
    { status, isKeyStale = false, cause }: NetlogonErrorDetails = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.status = status;
    this.isKeyStale = isKeyStale;
  }
}

/** What came is not what the protocol allows. */
export function malformed(message: string): NetlogonError {
  return new NetlogonError("protocol", message);
}
