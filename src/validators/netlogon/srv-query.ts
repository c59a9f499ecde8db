/**
 * A question for SRV records over TCP (RFC 1035 section 4, RFC 2782), for answers that Node cannot read: Samba's name server
 * compresses the names in them, which RFC 2782 forbids, RFC 3597 section 4 wants read, and c-ares 1.34.7 and 1.34.8
 * refuse with EBADRESP (c-ares issue 1287, nodejs issue 66173).
 */
import { randomInt } from "node:crypto";
import { connect, isIP } from "node:net";

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

const DNS_PORT = 53;
const HEADER_LENGTH = 12;
const SRV = 33;
const INTERNET = 1;
/** Recursion desired. */
const QUERY_FLAGS = 0x0100;
const NAME_LIMIT = 255;
/** Records in an answer; a domain with more controllers has sites. */
const RECORD_LIMIT = 512;

/** Asks the servers one after the other, each for `timeout` milliseconds at most. Throws the last one's Error. */
export async function querySrv(name: string, servers: readonly string[], timeout: number): Promise<SrvRecord[]> {
  let failure = new Error("there is no name server");
  for (const server of servers) {
    const id = randomInt(0x10000);
    try {
      return decodeAnswer(await exchange(addressOf(server), encodeQuery(id, name), timeout), id);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
  }
  throw failure;
}

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1` or `[2001:db8::1]:53`, as dns.getServers() writes them. */
function addressOf(server: string): { readonly host: string; readonly port: number } {
  if (isIP(server) !== 0) return { host: server, port: DNS_PORT };
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  return { host: v6 ?? v4 ?? server, port: Number(port ?? DNS_PORT) };
}

export function encodeQuery(id: number, name: string): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(QUERY_FLAGS, 2);
  header.writeUInt16BE(1, 4);
  const labels = name.split(".").map((label) => Buffer.from(label, "latin1"));
  const encoded = labels.flatMap((label) => [Buffer.of(label.length), label]);
  return Buffer.concat([header, ...encoded, Buffer.of(0, 0, SRV, 0, INTERNET)]);
}

/** Throws Error for what is no answer, with the code of Node's own where the name does not exist. */
export function decodeAnswer(message: Buffer, id: number): SrvRecord[] {
  if (message.length < HEADER_LENGTH || message.readUInt16BE(0) !== id || (message[2]! & 0x80) === 0)
    throw unreadable("it is no answer to what was asked");
  const code = message[3]! & 0xf;
  if (code === 3) throw Object.assign(new Error("there is no such name"), { code: "ENOTFOUND" });
  if (code !== 0) throw unreadable(`the name server answers with code ${code}`);
  const [questions, answers] = [message.readUInt16BE(4), message.readUInt16BE(6)];
  if (questions > 1 || answers > RECORD_LIMIT) throw unreadable("it holds too much");
  let at = HEADER_LENGTH;
  for (let index = 0; index < questions; index++) at = readName(message, at).end + 4;
  const records: SrvRecord[] = [];
  for (let index = 0; index < answers; index++) {
    const fixed = readName(message, at).end;
    const data = fixed + 10;
    if (data > message.length) throw unreadable("it ends in a record");
    at = data + message.readUInt16BE(fixed + 8);
    if (at > message.length) throw unreadable("it ends in a record");
    if (message.readUInt16BE(fixed) === SRV && at - data > 6) records.push(readSrv(message, data));
  }
  return records;
}

function readSrv(message: Buffer, at: number): SrvRecord {
  const [priority, weight, port] = [0, 2, 4].map((offset) => message.readUInt16BE(at + offset)) as [
    number,
    number,
    number,
  ];
  return { name: readName(message, at + 6).name, priority, weight, port };
}

/** A name, and where what follows it begins. Pointers lead back only, so that none leads in a circle. */
function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let [at, end, length] = [start, -1, 0];
  for (let earliest = start; ;) {
    const size = message[at];
    if (size === undefined) throw unreadable("a name ends outside of it");
    if (size === 0) return { name: labels.join("."), end: end < 0 ? at + 1 : end };
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | (message[at + 1] ?? 0xff);
      if (target >= earliest) throw unreadable("a name leads nowhere");
      if (end < 0) end = at + 2;
      earliest = target;
      at = target;
      continue;
    }
    length += size + 1;
    if (size > 63 || length > NAME_LIMIT || at + 1 + size > message.length) throw unreadable("a name is too long");
    labels.push(message.toString("latin1", at + 1, at + 1 + size));
    at += 1 + size;
  }
}

/** One message each way, both with their length before them. */
function exchange(address: { host: string; port: number }, query: Buffer, timeout: number): Promise<Buffer> {
  const socket = connect(address);
  const timer = setTimeout(() => socket.destroy(unreadable("none came in time", "ETIMEOUT")), timeout);
  return new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on("connect", () => socket.write(Buffer.concat([Buffer.of(query.length >> 8, query.length & 0xff), query])));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? Infinity : received.readUInt16BE(0) + 2;
      if (received.length >= length) resolve(received.subarray(2, length));
    });
    socket.on("error", reject);
    socket.on("close", () => reject(unreadable("the name server closed the connection")));
  }).finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function unreadable(what: string, code = "EBADRESP"): Error {
  return Object.assign(new Error(`an answer about domain controllers is not understood: ${what}`), { code });
}
