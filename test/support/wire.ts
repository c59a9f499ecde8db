/** A wire and, at the other end of a loopback connection, a talker. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { Link } from "../../src/wire/link.ts";
import { Wire } from "../../src/wire/wire.ts";
import { Talker } from "./talker.ts";

/** Two ends of one connection, neither of which closes because the other does. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const [near] = (await once(server, "connection")) as [Socket];
  server.close();
  return [near, far];
}

export function wireOver(socket: Socket): Wire {
  return new Wire(Link.over(socket));
}

export interface WirePair {
  readonly wire: Wire;
  readonly talker: Talker;
}

export async function wirePair(): Promise<WirePair> {
  const [near, far] = await socketPair();
  return { wire: wireOver(near), talker: new Talker(far) };
}
