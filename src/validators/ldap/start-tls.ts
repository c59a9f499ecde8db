/**
 * StartTLS, RFC 4511 section 4.14, before the driver sees the connection: nothing that came in clear is read as an answer
 * afterwards, and a connection that is lost cannot come back without TLS.
 */
import type { Socket } from "node:net";
import { messageLength } from "./message.ts";

/** LDAPMessage 1: ExtendedRequest 1.3.6.1.4.1.1466.20037. */
const OID = Buffer.from("1.3.6.1.4.1.1466.20037", "ascii");
const REQUEST = Buffer.concat([
  Buffer.from([0x30, OID.length + 7, 0x02, 0x01, 0x01, 0x77, OID.length + 2, 0x80, OID.length]),
  OID,
]);
/** Diagnostic message included. */
const RESPONSE_LIMIT = 4096;

/** Resolves when the server is ready for TLS. Rejects with Error in words for the log. */
export async function askForTls(socket: Socket): Promise<void> {
  socket.write(REQUEST);
  const response = await readMessage(socket);
  const code = resultCodeIn(response);
  if (code !== 0) throw new Error(`StartTLS was refused with result ${code}`);
}

/** Exactly one message: bytes behind it would be somebody's who wants them to be taken for the server's. */
function readMessage(socket: Socket): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    const onData = (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      try {
        const length = messageLength(received);
        if (received.length > (length ?? RESPONSE_LIMIT)) finish(new Error("StartTLS: there was more than its answer"));
        else if (received.length === length) finish(undefined);
      } catch (error) {
        finish(error as Error);
      }
    };
    const onEnd = () => finish(new Error("the connection ended at StartTLS"));
    const finish = (error: Error | undefined) => {
      socket.pause();
      socket.off("data", onData).off("close", onEnd).off("error", finish);
      if (error) reject(error);
      else resolve(received);
    };
    socket.on("data", onData).on("close", onEnd).on("error", finish);
  });
}

interface Element {
  readonly tag: number;
  /** Offset of the contents. */
  readonly start: number;
  readonly length: number;
}

function readHeader(bytes: Buffer, at: number): Element | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, start: at + 2, length: first };
  const size = first & 0x7f;
  if (size === 0 || size > 4) throw new Error("StartTLS: an answer that is no LDAP");
  if (bytes.length < at + 2 + size) return undefined;
  return { tag, start: at + 2 + size, length: bytes.readUIntBE(at + 2, size) };
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const EXTENDED_RESPONSE = 0x78;

function resultCodeIn(message: Buffer): number {
  const sequence = expect(message, 0, SEQUENCE);
  const id = expect(message, sequence.start, INTEGER);
  const response = expect(message, id.start + id.length, EXTENDED_RESPONSE);
  const code = expect(message, response.start, ENUMERATED);
  if (id.length !== 1 || message[id.start] !== 1 || code.length !== 1) throw new Error("StartTLS: not its answer");
  return message.readUInt8(code.start);
}

function expect(message: Buffer, at: number, tag: number): Element {
  const element = readHeader(message, at);
  if (element?.tag !== tag || element.start + element.length > message.length)
    throw new Error("StartTLS: an answer that is no LDAP");
  return element;
}
