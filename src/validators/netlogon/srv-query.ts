/**
 * A question for SRV records over TCP (RFC 1035 section 4, RFC 2782), for answers that Node cannot read: Samba's name server
 * compresses the names in them, which RFC 2782 forbids, RFC 3597 section 4 wants read, and c-ares 1.34.7 and 1.34.8
 * refuse with EBADRESP (c-ares issue 1287, nodejs issue 66173).
 */
import { randomInt } from "node:crypto";
import { connect, isIP } from "node:net";
import { RECURSION_DESIRED, streamDecode, streamEncode, type Packet } from "dns-packet";

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

const DNS_PORT = 53;
/** Of the length before a message. */
const LENGTH = 2;
/** Of the header's flags, the response code: RFC 1035 section 4.1.1. */
const RCODE = 0xf;
const NAME_ERROR = 3;
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

/** With its length before it. */
export function encodeQuery(id: number, name: string): Buffer {
  return streamEncode({ type: "query", id, flags: RECURSION_DESIRED, questions: [{ type: "SRV", name }] });
}

/** With its length before it. Throws Error for what is no answer, with the code of Node's own. */
export function decodeAnswer(message: Buffer, id: number): SrvRecord[] {
  const packet = parse(message);
  if (packet.id !== id || packet.type !== "response") throw unreadable("it is no answer to what was asked");
  const code = (packet.flags ?? 0) & RCODE;
  if (code === NAME_ERROR) throw Object.assign(new Error("there is no such name"), { code: "ENOTFOUND" });
  if (code !== 0) throw unreadable(`the name server answers with code ${code}`);
  const { questions = [], answers = [] } = packet;
  if (questions.length > 1 || answers.length > RECORD_LIMIT) throw unreadable("it holds too much");
  return answers.flatMap((answer) => {
    if (answer.type !== "SRV") return [];
    const { target: name, port, priority = 0, weight = 0 } = answer.data;
    return [{ name, port, priority, weight }];
  });
}

function parse(message: Buffer): Packet {
  let packet: Packet | null;
  try {
    packet = streamDecode(message);
  } catch (error) {
    throw unreadable((error as Error).message);
  }
  // A last record may claim more than there is.
  if (packet === null || streamDecode.bytes > message.length - LENGTH) throw unreadable("it ends in a record");
  return packet;
}

/** One message each way, both with their length before them: RFC 1035 section 4.2.2. */
function exchange(address: { host: string; port: number }, query: Buffer, timeout: number): Promise<Buffer> {
  const socket = connect(address);
  const timer = setTimeout(() => socket.destroy(unreadable("none came in time", "ETIMEOUT")), timeout);
  return new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on("connect", () => socket.write(query));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < LENGTH ? Infinity : received.readUInt16BE(0) + LENGTH;
      if (received.length >= length) resolve(received.subarray(0, length));
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
