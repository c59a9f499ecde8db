/** TLS towards a server behind: verified by default, bytes said before it refused (threat "NO STARTTLS" 2021). */
import { isIP } from "node:net";
import { checkServerIdentity, connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";
import { Link } from "./link.ts";
import { WireClosed, type Wire } from "./wire.ts";

export interface ClientTls {
  /** The name the certificate must carry, and SNI. */
  readonly serverName: string;
  readonly verify: boolean;
  /** Holds the operator's own CA, where there is one. */
  readonly context: SecureContext;
}

/** Continues `wire` under TLS. Rejects when the handshake or the verification fails; the connection is then closed. */
export function secureClient(wire: Wire, options: ClientTls): Promise<void> {
  if (wire.hasUnread) return Promise.reject(new Error("the server sent bytes before TLS began"));
  return new Promise((resolve, reject) => {
    const raw = wire.detach().link.unplug();
    const socket: TLSSocket = connectTls({
      socket: raw,
      secureContext: options.context,
      rejectUnauthorized: options.verify,
      ...(isIP(options.serverName) === 0 && { servername: options.serverName }),
      // The name to verify is the configured one, also where the connection goes to an address.
      checkServerIdentity: (_host, certificate) => checkServerIdentity(options.serverName, certificate),
    });
    const failed = (error?: Error): void => {
      // A second error has nobody left to tell.
      socket.on("error", () => undefined);
      raw.destroy();
      reject(error ?? new WireClosed(wire.whyClosed ?? "connection closed during the TLS handshake"));
    };
    const closed = (): void => failed();
    socket.once("error", failed);
    socket.once("close", closed);
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      socket.off("close", closed);
      wire.attach(Link.over(socket, "server"));
      resolve();
    });
  });
}
