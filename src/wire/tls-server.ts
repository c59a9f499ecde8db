/** TLS towards clients, implicit or by STARTTLS: on raw handles where Node offers them, by a `TLSSocket` elsewhere. */
import { TLSSocket, type SecureContext } from "node:tls";
import type { Certificate, Certificates } from "./certificates.ts";
import { clientCertificateOf, type ShownCertificate } from "./client-certificate.ts";
import { clearDeadline, startDeadline, type Deadline } from "./deadlines.ts";
import { Link, type LinkUser } from "./link.ts";
import { RawTls } from "./raw-tls.ts";
import type { Handle } from "./tcp-handle.ts";
import { wrapTls, type TlsHandle } from "./tls-handle.ts";
import { WireClosed, type Detached, type Wire } from "./wire.ts";

/** A handshake takes at most this long, whatever the client does. */
const HANDSHAKE_TIME = 15_000;

/** What the handshake has settled. */
export interface Secured {
  readonly certificate: Certificate;
  /** Keying material of the connection, 32 bytes (RFC 9266); undefined below TLS 1.3, and when the connection is over. */
  readonly exporter: (() => Uint8Array | undefined) | undefined;
  readonly clientCertificate: ShownCertificate | undefined;
}

/**
 * Continues `wire` under TLS. `isFirst`: TLS from the first byte, so what has been heard belongs to the handshake.
 * Throws WireClosed.
 */
export function secureServer(wire: Wire, certificates: Certificates, isFirst: boolean): Promise<Secured> {
  return new Promise((resolve, reject) => {
    const detached = wire.detach(isFirst);
    const handshake = new Handshake(wire, certificates, resolve, reject);
    // Node makes certificates that clients have shown readable only on its own sockets.
    const handle = certificates.limits.clientCa === undefined ? detached.link.takeHandle() : undefined;
    const tls = handle && wrapTls(handle, handshake.shown.context);
    if (tls) handshake.shakeHandle(tls, handle, detached);
    else handshake.shakeSocket(detached);
  });
}

/** Listens to the connection until it is secure, or over. */
class Handshake implements LinkUser {
  /** The certificate it is about. */
  shown: Certificate;
  readonly #wire: Wire;
  readonly #certificates: Certificates;
  readonly #resolve: (secured: Secured) => void;
  readonly #reject: (error: WireClosed) => void;
  readonly #deadline: Deadline;

  constructor(
    wire: Wire,
    certificates: Certificates,
    resolve: (secured: Secured) => void,
    reject: (error: WireClosed) => void,
  ) {
    this.#wire = wire;
    this.#certificates = certificates;
    this.#resolve = resolve;
    this.#reject = reject;
    this.shown = certificates.choose(undefined);
    this.#deadline = startDeadline(HANDSHAKE_TIME, () => this.#fail("handshake took too long"));
  }

  shakeHandle(tls: TlsHandle, tcp: Handle, { link, heard }: Detached): void {
    const raw = new RawTls(tls, tcp, link);
    link.user = this;
    tls.setALPNProtocols(this.#certificates.alpn);
    tls.onhandshakedone = () => this.#succeed(link, tls, undefined);
    // Asking costs a handshake a pause in its middle: only where there is a choice.
    if (this.#certificates.areSeveral) {
      tls.oncertcb = ({ servername }) => {
        tls.sni_context = this.#choose(servername).context;
        tls.certCbDone();
      };
      tls.enableCertCb();
    }
    if (heard.length > 0) tls.receive(heard);
    raw.resume();
  }

  shakeSocket({ link, heard }: Detached): void {
    const raw = link.unplug();
    if (heard.length > 0) raw.unshift(heard);
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.shown.context,
      ALPNProtocols: this.#certificates.alpn,
      // Whoever shows none, or a bad one, logs on in another way.
      ...(this.#certificates.limits.clientCa !== undefined && { requestCert: true, rejectUnauthorized: false }),
      ...(this.#certificates.areSeveral && {
        SNICallback: (name, answer) => answer(null, this.#choose(name)),
      }),
    });
    const secured = Link.over(socket, link.side);
    secured.user = this;
    socket.once("secure", () => this.#succeed(secured, socket, clientCertificateOf(socket)));
  }

  #choose(servername: string): SecureContext {
    this.shown = this.#certificates.choose(servername);
    return this.shown.context;
  }

  heard(): boolean {
    return true;
  }

  drained(): void {}

  /** Before the handshake is done; our connections stay half open, so nothing else would tell. */
  ended(): void {
    this.#fail("the client left");
  }

  broken(error: Error): void {
    this.#fail(error.message);
  }

  closed(): void {
    this.#fail("the client left");
  }

  #succeed(link: Link, tls: Keys, clientCertificate: ShownCertificate | undefined): void {
    // OpenSSL says it again when keys are changed.
    if (link.user !== this) return;
    clearDeadline(this.#deadline);
    this.#wire.attach(link);
    const exporter = tls.getProtocol() === "TLSv1.3" ? () => exportKeys(tls, link) : undefined;
    this.#resolve({ certificate: this.shown, exporter, clientCertificate });
  }

  #fail(what: string): void {
    clearDeadline(this.#deadline);
    const why = this.#wire.whyClosed ?? `TLS: ${what}`;
    this.#wire.fail(why);
    this.#reject(new WireClosed(why));
  }
}

/** What Node's socket and its handle have in common. */
interface Keys {
  getProtocol(): string | null;
  exportKeyingMaterial(length: number, label: string, context: Buffer): Uint8Array;
}

/** RFC 9266 section 2. What has been freed must not be asked. */
function exportKeys(tls: Keys, { socket }: Link): Uint8Array | undefined {
  return socket.destroyed ? undefined : tls.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", NO_CONTEXT);
}

const NO_CONTEXT = Buffer.alloc(0);
