/** The parts of Node's TLS that raw-tls.ts stands on, found or not found in one place. */
import { TLSSocket, type SecureContext } from "node:tls";
import { tcp, type Handle } from "./tcp-handle.ts";

/** OpenSSL over a TCP handle, as Node wraps it; the same in Node 18 to 26. */
export interface TlsHandle extends Handle {
  /** Called by OpenSSL, so nothing may be freed in them. */
  onhandshakedone: (this: TlsHandle) => void;
  /** Asks which certificate to show; called only after `enableCertCb()`. `servername` is "" where none was named. */
  oncertcb: (this: TlsHandle, hello: { readonly servername: string }) => void;
  onerror: (this: TlsHandle, error: Error) => void;
  /** Another certificate than that of the wrapping; before `certCbDone()`. */
  sni_context?: unknown;
  enableCertCb(): void;
  certCbDone(): void;
  /** In RFC 7301's form: each name behind a byte with its length. */
  setALPNProtocols(names: Uint8Array): void;
  /** Bytes of the peer that were read before. */
  receive(bytes: Uint8Array): void;
  getProtocol(): string;
  exportKeyingMaterial(length: number, label: string, context: Uint8Array): Uint8Array;
  /** Frees OpenSSL's part; when the TCP handle is closed, and never in a call from OpenSSL. */
  destroySSL(): void;
}

const METHODS = [
  "enableCertCb",
  "certCbDone",
  "setALPNProtocols",
  "receive",
  "getProtocol",
  "exportKeyingMaterial",
  "destroySSL",
];

/** What `_wrapHandle` reads of the socket whose method it is. */
class WrappingSocket {
  readonly _tlsOptions: unknown;

  constructor(secureContext: SecureContext) {
    this._tlsOptions = { isServer: true, secureContext };
  }

  listenerCount(): number {
    return 1;
  }
}

type Wrap = (this: WrappingSocket, socket: null, handle: Handle, hasActiveWrite: boolean) => TlsHandle;

/** Node's own method, and not the function below it: there a wrong number of arguments would end the process. */
const wrap = look();

/** Puts TLS, as a server, over a TCP handle, whose own reader hears no more. undefined where Node does not offer it. */
export function wrapTls(handle: Handle, context: SecureContext): TlsHandle | undefined {
  try {
    return wrap?.call(new WrappingSocket(context), null, handle, false);
  } catch {
    return undefined;
  }
}

function look(): Wrap | undefined {
  if (!tcp) return undefined;
  const { _wrapHandle } = TLSSocket.prototype as unknown as { _wrapHandle?: Wrap };
  const { binding } = process as unknown as { binding: (name: string) => { TLSWrap?: { prototype: object } } };
  const { prototype } = binding("tls_wrap").TLSWrap ?? {};
  return prototype && METHODS.every((name) => name in prototype) ? _wrapHandle : undefined;
}
