/** What mechanisms have to know of the connection that they run on, read from a socket of Node's. */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ProtocolName, TlsFacts, Visit } from "../../core/visit.ts";
import { channelBindingHash, tlsServerEndPoint } from "../../ntlm/channel-binding.ts";
import type { ChannelBinding } from "../../sasl/client/scram.ts";
import { clientCertificateOf } from "../../wire/client-certificate.ts";

/** The server's view; mechanisms and judges are handed it. */
export type Connection = Visit;

/** Only what is not on the socket itself. */
export interface ConnectionDetails {
  readonly protocol?: ProtocolName;
  /** For your log. */
  readonly id?: string;
  /** Where something in front ends TLS for this server: no channel bindings then. */
  readonly secure?: boolean;
}

const PREFIX = "tls-server-end-point:";
/** RFC 9266 section 2. */
const EXPORTER_LABEL = "EXPORTER-Channel-Binding";
const EXPORTER_LENGTH = 32;

/** A server's connection: under TLS or not, whose certificate, which bindings. Call it again after STARTTLS. */
export function serverConnection(socket?: Socket | TLSSocket, details: ConnectionDetails = {}): Connection {
  const tls = socket && isTls(socket) ? socket : undefined;
  const endPoint = endPointOf(tls?.getX509Certificate()?.raw);
  return {
    id: details.id ?? randomUUID(),
    protocol: details.protocol ?? "smtp",
    listener: "library",
    client: { address: socket?.remoteAddress ?? "", port: socket?.remotePort ?? 0 },
    secure: details.secure ?? tls !== undefined,
    channelBinding: endPoint && channelBindingHash(endPoint),
    tls: tls && { ...bindings(tls, endPoint), clientCertificate: clientCertificateOf(tls) },
  };
}

/** The client's view. */
export interface ClientConnection {
  /** Under TLS with a server whose certificate is trusted: passwords and tokens may be sent. */
  readonly secure: boolean;
  /** For SCRAM's -PLUS forms, the best first. */
  readonly channelBindings: readonly ChannelBinding[];
  /** MsvAvChannelBindings for NTLM, 16 bytes. */
  readonly ntlmChannelBinding: Uint8Array | undefined;
}

/** A client's connection. A certificate that Node did not verify makes it insecure, and can be bound to all the same. */
export function clientConnection(socket?: Socket | TLSSocket): ClientConnection {
  const tls = socket && isTls(socket) ? socket : undefined;
  if (!tls) return { secure: false, channelBindings: [], ntlmChannelBinding: undefined };
  const endPoint = endPointOf(tls.getPeerX509Certificate()?.raw);
  const { exporter, serverEndPoint } = bindings(tls, endPoint);
  const exported = exporter?.();
  return {
    secure: tls.authorized,
    channelBindings: [
      ...(exported ? [{ type: "tls-exporter", data: exported }] : []),
      ...(serverEndPoint ? [{ type: "tls-server-end-point", data: serverEndPoint }] : []),
    ],
    ntlmChannelBinding: endPoint && channelBindingHash(endPoint),
  };
}

function isTls(socket: Socket | TLSSocket): socket is TLSSocket {
  return "encrypted" in socket && socket.encrypted;
}

function endPointOf(certificateDer: Uint8Array | undefined): Buffer | undefined {
  return certificateDer && tlsServerEndPoint(certificateDer);
}

/** Below TLS 1.3 the exporter is not safe to bind to (RFC 9266 section 4.2). */
function bindings(tls: TLSSocket, endPoint: Buffer | undefined): Pick<TlsFacts, "exporter" | "serverEndPoint"> {
  const exporter = () => tls.exportKeyingMaterial(EXPORTER_LENGTH, EXPORTER_LABEL, Buffer.alloc(0));
  return {
    exporter: tls.getProtocol() === "TLSv1.3" ? exporter : undefined,
    serverEndPoint: endPoint?.subarray(PREFIX.length),
  };
}
