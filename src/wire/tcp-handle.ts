/** The parts of Node's inside that raw-tcp.ts stands on, found or not found in one place. */

/** A TCP handle as libuv's wrapper shows it; the same in Node 18 to 26. */
export interface Handle {
  owner?: unknown;
  onread: (this: Handle) => Uint8Array | undefined;
  useUserBuffer(buffer: Uint8Array): void;
  setNoDelay(on: boolean): void;
  readStart(): number;
  readStop(): number;
  writeUtf8String(request: Request, text: string): number;
  writeBuffer(request: Request, bytes: Uint8Array): number;
  shutdown(request: Request): number;
  connect(request: Request, address: string, port: number): number;
  connect6(request: Request, address: string, port: number): number;
  getpeername(into: { address: string; family: string; port: number }): number;
  close(): void;
}

export interface Request {
  /** Called when it is done, if set. */
  oncomplete?: (this: Request, status: number) => void;
  handle?: Handle;
  /** What is being written must live until it has been. */
  data?: string | Uint8Array;
  count?: number;
}

export interface TcpInside {
  readonly TCP: new (kind: number) => Handle;
  readonly TCPConnectWrap: new () => Request;
  readonly WriteWrap: new () => Request;
  readonly ShutdownWrap: new () => Request;
  /** Results of the last call: read at the indices below. */
  readonly state: Int32Array;
  readonly readBytesOrError: number;
  readonly bytesWritten: number;
  readonly lastWriteWasAsync: number;
  readonly endOfFile: number;
}

/** undefined where Node does not offer all of it, or POSTERN_SOCKETS=node asks for ordinary sockets. */
export const tcp: TcpInside | undefined = process.env["POSTERN_SOCKETS"] === "node" ? undefined : look();

function look(): TcpInside | undefined {
  const { binding } = process as unknown as { binding?: (name: string) => Record<string, unknown> };
  try {
    const [wrap, stream, uv] = [binding!("tcp_wrap"), binding!("stream_wrap"), binding!("uv")];
    const found = {
      TCP: wrap["TCP"],
      TCPConnectWrap: wrap["TCPConnectWrap"],
      WriteWrap: stream["WriteWrap"],
      ShutdownWrap: stream["ShutdownWrap"],
      state: stream["streamBaseState"],
      readBytesOrError: stream["kReadBytesOrError"],
      bytesWritten: stream["kBytesWritten"],
      lastWriteWasAsync: stream["kLastWriteWasAsync"],
      endOfFile: uv["UV_EOF"],
    };
    return Object.values(found).includes(undefined) ? undefined : (found as unknown as TcpInside);
  } catch {
    return undefined;
  }
}
