/** Where a domain controller's Netlogon interface listens: ept_map of the endpoint mapper (C706 appendix O, L; MS-RPCE 2.2.1.2). */
import type { Deadline } from "./deadline.ts";
import { malformed, NetlogonError } from "./error.ts";
import { ENDPOINT_MAPPER, NDR, NETLOGON, type SyntaxId } from "./interfaces.ts";
import { NdrReader } from "./ndr-reader.ts";
import { NdrWriter } from "./ndr-writer.ts";
import { RpcConnection } from "./rpc-connection.ts";

const EPT_MAP = 3;
const MAX_TOWERS = 4;
/** Floors of a tower for ncacn_ip_tcp: interface, syntax, RPC protocol, port, address. */
const FLOORS = 5;
const PORT_FLOOR = 3;
/** Protocol identifiers (C706 appendix I). */
const UUID_PROTOCOL = 0x0d;
const RPC_PROTOCOL = 0x0b;
const TCP_PROTOCOL = 0x07;
const IP_PROTOCOL = 0x09;

/** Throws NetlogonError: "unreachable" also where the mapper knows no such endpoint. */
export async function mapNetlogon(host: string, mapperPort: number, deadline: Deadline): Promise<number> {
  const connection = await RpcConnection.bind({ host, port: mapperPort }, ENDPOINT_MAPPER, deadline);
  try {
    return readMapReply(await connection.call(EPT_MAP, encodeMapRequest(), deadline));
  } finally {
    connection.close();
  }
}

export function encodeMapRequest(): Buffer {
  const tower = encodeTower();
  const request = new NdrWriter();
  // The object, which is none, and the tower; then no entry handle, since nothing went before.
  request.pointer().bytes(Buffer.alloc(16));
  request.pointer().u32(tower.length).u32(tower.length).bytes(tower);
  return request.align(4).bytes(Buffer.alloc(20)).u32(MAX_TOWERS).finish();
}

/** The port. Throws NetlogonError. */
export function readMapReply(stub: Buffer): number {
  const reply = new NdrReader(stub);
  reply.bytes(20);
  reply.u32();
  reply.u32();
  reply.u32();
  const present = readPointers(reply);
  const ports = present.filter(Boolean).map(() => readTower(reply));
  const status = reply.u32();
  const port = ports.find((each) => each !== undefined);
  if (port !== undefined) return port;
  throw new NetlogonError("unreachable", "the endpoint mapper knows no Netlogon over TCP", { status });
}

function readPointers(reply: NdrReader): boolean[] {
  const count = reply.count(4);
  if (count > MAX_TOWERS) throw malformed(`${count} towers instead of at most ${MAX_TOWERS}`);
  return Array.from({ length: count }, () => reply.pointer());
}

/** The port of a tower; undefined for one that does not lead to Netlogon over TCP. */
function readTower(reply: NdrReader): number | undefined {
  reply.u32();
  const tower = new NdrReader(reply.bytes(reply.count(1)));
  reply.align(4);
  if (tower.remaining < 2 || readU16(tower) !== FLOORS) return undefined;
  const floors = Array.from({ length: FLOORS }, () => ({ left: readSide(tower), right: readSide(tower) }));
  const [first] = floors;
  const { left, right } = floors[PORT_FLOOR]!;
  // The version's second half stands at the floor's right side.
  const isNetlogon = first!.left.equals(uuidFloor(NETLOGON));
  if (!isNetlogon || left[0] !== TCP_PROTOCOL || right.length !== 2) return undefined;
  return right.readUInt16BE() || undefined;
}

/** Towers know no alignment. */
function readU16(tower: NdrReader): number {
  return tower.bytes(2).readUInt16LE();
}

function readSide(tower: NdrReader): Buffer {
  return tower.bytes(readU16(tower));
}

function encodeTower(): Buffer {
  const floors = [
    [uuidFloor(NETLOGON), NETLOGON.subarray(18)],
    [uuidFloor(NDR), NDR.subarray(18)],
    [Buffer.of(RPC_PROTOCOL), Buffer.alloc(2)],
    // The port that any answer has instead: the mapper's own.
    [Buffer.of(TCP_PROTOCOL), Buffer.of(0, 135)],
    [Buffer.of(IP_PROTOCOL), Buffer.alloc(4)],
  ];
  return Buffer.concat([Buffer.of(FLOORS, 0), ...floors.flat().flatMap((side) => [lengthOf(side), side])]);
}

/** Left side of a floor: protocol, UUID, major version. */
function uuidFloor(id: SyntaxId): Buffer {
  return Buffer.concat([Buffer.of(UUID_PROTOCOL), id.subarray(0, 18)]);
}

function lengthOf(side: Buffer): Buffer {
  return Buffer.of(side.length, 0);
}
