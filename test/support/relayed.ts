/** A relay between two loopback connections, made the way the gateway makes it, TLS on either side. */
import type { Socket } from "node:net";
import { relay, type Relay, type RelayEnd } from "../../src/relay/relay.ts";
import { talkTo } from "../../src/wire/connect.ts";
import { Certificates, makeCertificate } from "../../src/wire/certificates.ts";
import { secureServer } from "../../src/wire/tls-server.ts";
import { Wire } from "../../src/wire/wire.ts";
import { secureAsServer, StagedBackend } from "./backend.ts";
import { CERTIFICATE, clientTls } from "./certificates.ts";
import { Talker } from "./talker.ts";
import { linkPair, type Kind } from "./wire.ts";

export interface Arrangement {
  readonly clientTls?: boolean;
  readonly backendTls?: boolean;
  /** How the client's connection is read where it is in the clear. */
  readonly kind?: Kind;
  /** Milliseconds. */
  readonly idle?: number;
  /** Before the relay begins, with both wires logged on. */
  readonly before?: (client: Wire, backend: Wire, near: Talker, far: Talker) => Promise<void>;
}

export interface Relayed {
  /** The client's end, and the server's. */
  readonly near: Talker;
  readonly far: Talker;
  readonly relay: Relay;
  readonly ended: Promise<RelayEnd>;
  /** The client's end below TLS. */
  readonly raw: Socket;
  readonly wires: { readonly client: Wire; readonly backend: Wire };
}

const LIMITS = { minVersion: "TLSv1.2", alpn: ["imap"] } as const;
const CERTIFICATES = new Certificates([makeCertificate([], CERTIFICATE.cert, CERTIFICATE.key, LIMITS)], LIMITS);
const TIMES = { connect: 5_000, logon: 5_000 };

export async function relayed(arrangement: Arrangement = {}): Promise<Relayed> {
  const { idle = 60_000, before } = arrangement;
  const [client, near, raw] = await clientSide(arrangement);
  const [backend, far] = await backendSide(arrangement);
  await before?.(client, backend, near, far);
  let finish!: (end: RelayEnd) => void;
  const ended = new Promise<RelayEnd>((resolve) => (finish = resolve));
  const between = relay(client.release(), backend.release(), idle, finish);
  return { near, far, relay: between, ended, raw, wires: { client, backend } };
}

async function clientSide({
  clientTls: isTls = false,
  kind = "accepted",
}: Arrangement): Promise<[Wire, Talker, Socket]> {
  const [link, socket] = await linkPair(kind);
  const [wire, talker] = [new Wire(link), new Talker(socket)];
  if (isTls) await Promise.all([secureServer(wire, CERTIFICATES, false), talker.secure()]);
  return [wire, talker, socket];
}

async function backendSide({ backendTls: isTls = false }: Arrangement): Promise<[Wire, Talker]> {
  const backend = await StagedBackend.open();
  const tls = isTls ? "implicit" : "off";
  const target = { host: "127.0.0.1", port: backend.port, tls, clientTls: clientTls() } as const;
  // The greeting tells both that the connection stands.
  const dialling = talkTo(target, TIMES, (wire) => wire.readLine());
  const talker = await backend.next();
  if (isTls) await secureAsServer(talker, CERTIFICATE);
  talker.send("greeting\r\n");
  const { wire } = await dialling;
  backend.stopListening();
  return [wire, talker];
}
