/**
 * The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): who the client is when a load balancer stands
 * before us. Read only on connections from configured addresses, and there the header must come first.
 */
import { isIP } from "node:net";
import type { Wire } from "./wire.ts";

export interface ProxiedPeer {
  readonly address: string;
  readonly port: number;
}

/** What is left of a version 1 line (107 bytes at most with CRLF) behind its first 12 bytes. */
const V1_REST = 107 - 12;
/** Addresses and type-length-values together; the largest header in practice carries a client certificate. */
const V2_LIMIT = 8192;
const V2_SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;

/** Thrown for anything but a header; the connection is then closed without an answer. */
export class ProxyHeaderError extends Error {
  override readonly name = "ProxyHeaderError";
}

/**
 * Takes the header off the wire. undefined: the proxy speaks for itself (LOCAL, UNKNOWN): the connection's own address counts.
 * Throws ProxyHeaderError, WireClosed.
 */
export async function readProxyHeader(wire: Wire): Promise<ProxiedPeer | undefined> {
  const start = await wire.readBytes(12);
  if (start.equals(V2_SIGNATURE)) return readVersion2(wire);
  if (start.toString("latin1", 0, 6) === "PROXY ") return readVersion1(wire, start.toString("latin1"));
  throw new ProxyHeaderError("the connection does not start with a PROXY header");
}

async function readVersion1(wire: Wire, start: string): Promise<ProxiedPeer | undefined> {
  // "PROXY UNKNOWN" is complete after 13 bytes, so twelve never reach beyond the first line.
  const rest = await wire.readLine(V1_REST);
  if (rest === undefined) throw new ProxyHeaderError("PROXY line longer than 107 bytes");
  const [, family, source = "", , sourcePort = "", ...more] = (start + rest).split(" ");
  if (family === "UNKNOWN") return undefined;
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : undefined;
  const port = /^(0|[1-9]\d{0,4})$/.test(sourcePort) ? Number(sourcePort) : 65536;
  if (version === undefined || isIP(source) !== version || port > 65535 || more.length !== 1) {
    throw new ProxyHeaderError("malformed PROXY line");
  }
  return { address: source, port };
}

async function readVersion2(wire: Wire): Promise<ProxiedPeer | undefined> {
  const header = await wire.readBytes(4);
  const length = header.readUInt16BE(2);
  if (length > V2_LIMIT) throw new ProxyHeaderError(`PROXY header of ${length} bytes`);
  const body = await wire.readBytes(length);
  if (header[0] === V2_LOCAL) return undefined;
  if (header[0] !== V2_PROXY) throw new ProxyHeaderError("PROXY version or command unknown");
  if (header[1] === TCP4 && length >= 12) return { address: body.subarray(0, 4).join("."), port: body.readUInt16BE(8) };
  if (header[1] === TCP6 && length >= 36) return { address: ipv6(body.subarray(0, 16)), port: body.readUInt16BE(32) };
  throw new ProxyHeaderError("PROXY header for another transport than TCP");
}

/** The canonical text form (RFC 5952), so that limits and logs see one name for one address. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
