/**
 * The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): who the client is when a load balancer stands
 * before us. Read only on connections from configured addresses, and there the header must come first.
 */
import { isIP } from "node:net";
import { crc32c } from "./crc32c.ts";
import { plainAddress } from "./networks.ts";
import type { Wire } from "./wire.ts";

export interface ProxiedPeer {
  readonly address: string;
  readonly port: number;
}

/** What is left of a version 1 line (107 bytes at most with CRLF) behind its first 12 bytes, without CRLF. */
const V1_REST = 107 - 12 - 2;
/** Addresses and type-length-values together; the largest header in practice carries a client certificate. */
const V2_LIMIT = 8192;
const V2_SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const V2_LOCAL = 0x20;
const V2_PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;
/** PP2_TYPE_CRC32C. */
const CRC32C = 0x03;

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
  const [, family, source = "", destination = "", sourcePort = "", destinationPort = "", ...more] = (
    start + rest
  ).split(" ");
  if (family === "UNKNOWN") return undefined;
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : undefined;
  const isWhole =
    /^[\da-f:.]+$/i.test(source) &&
    isIP(source) === version &&
    isIP(destination) === version &&
    isPort(sourcePort) &&
    isPort(destinationPort);
  if (!isWhole || more.length > 0) throw new ProxyHeaderError("malformed PROXY line");
  return { address: version === 6 ? canonical(source) : source, port: Number(sourcePort) };
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

async function readVersion2(wire: Wire): Promise<ProxiedPeer | undefined> {
  const header = await wire.readBytes(4);
  const [command, family] = header as unknown as [number, number];
  const length = header.readUInt16BE(2);
  if (command !== V2_LOCAL && command !== V2_PROXY) throw new ProxyHeaderError("PROXY version or command unknown");
  if (length > V2_LIMIT) throw new ProxyHeaderError(`PROXY header of ${length} bytes`);
  const body = await wire.readBytes(length);
  if (command === V2_LOCAL) return undefined;
  const addresses = family === TCP4 ? 12 : family === TCP6 ? 36 : Infinity;
  if (length < addresses) throw new ProxyHeaderError("PROXY header without the addresses of a TCP connection");
  checkSum(Buffer.concat([V2_SIGNATURE, header, body]), V2_SIGNATURE.length + 4 + addresses);
  if (family === TCP4) return { address: body.subarray(0, 4).join("."), port: body.readUInt16BE(8) };
  return { address: canonical(ipv6(body)), port: body.readUInt16BE(32) };
}

/** Type, length, value, from `at` on: where there is a checksum, it must be right. Throws ProxyHeaderError. */
function checkSum(header: Buffer, at: number): void {
  while (at < header.length) {
    const value = at + 3;
    const end = value + (value <= header.length ? header.readUInt16BE(at + 1) : Infinity);
    if (end > header.length) throw new ProxyHeaderError("PROXY header with a field beyond its end");
    if (header[at] === CRC32C) {
      const sum = end - value === 4 ? header.readUInt32BE(value) : undefined;
      header.fill(0, value, end);
      if (crc32c(header) !== sum) throw new ProxyHeaderError("PROXY header with a wrong checksum");
    }
    at = end;
  }
}

function ipv6(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(":");
}

/** The canonical text form (RFC 5952), so that limits and logs see one name for one address. */
function canonical(address: string): string {
  return plainAddress(new URL(`http://[${address}]`).hostname.slice(1, -1));
}
