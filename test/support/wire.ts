/** A wire and, at the other end of a loopback connection, a talker. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { Link } from "../../src/wire/link.ts";
import { listen } from "../../src/wire/listen.ts";
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

/** As our listeners accept connections: reading into buffers of ours (`onread`). */
export async function acceptedPair(): Promise<[Link, Socket]> {
  let accept!: (link: Link) => void;
  const accepted = new Promise<Link>((resolve) => (accept = resolve));
  const server = await listen({ host: "127.0.0.1", port: 0 }, accept, (fault) => assert.fail(fault));
  const { port } = server.address() as AddressInfo;
  const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const link = await accepted;
  server.close();
  return [link, far];
}

export type Kind = "accepted" | "ordinary";

/** A link of either kind, and the socket at the other end. */
export async function linkPair(kind: Kind): Promise<[Link, Socket]> {
  if (kind === "accepted") return acceptedPair();
  const [near, far] = await socketPair();
  return [Link.over(near, "client"), far];
}

export interface WirePair {
  readonly wire: Wire;
  readonly talker: Talker;
}

export async function wirePair(kind: Kind = "accepted"): Promise<WirePair> {
  const [link, far] = await linkPair(kind);
  return { wire: new Wire(link), talker: new Talker(far) };
}
