/**
 * A measured exchange with Samba's domain controller (netlogon-transcript.json), byte for byte: the same keys and nonces
 * must give the same PDUs, and each recorded answer must be opened and read to the recorded values.
 */
import assert from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { drawChallenge, isUniform } from "../../src/netlogon/credentials.ts";
import { deadlineIn } from "../../src/netlogon/deadline.ts";
import { mapNetlogon } from "../../src/netlogon/endpoint-mapper.ts";
import { shakeHands } from "../../src/netlogon/handshake.ts";
import { NETLOGON } from "../../src/netlogon/interfaces.ts";
import { authenticate } from "../../src/netlogon/machine-password.ts";
import type { NetworkLogon } from "../../src/netlogon/netlogon.ts";
import { RpcConnection } from "../../src/netlogon/rpc-connection.ts";
import type { SamInfo, ValidationLevel } from "../../src/netlogon/sam-info.ts";
import { encodeSamLogon, readSamLogonReply, SAM_LOGON_EX } from "../../src/netlogon/sam-logon.ts";
import { negotiateToken, Sealing } from "../../src/netlogon/sealing.ts";
import { ROOT } from "../support/root.ts";

interface RecordedPdu {
  readonly dir: "in" | "out";
  readonly hex: string;
  readonly opnum?: number;
  readonly stub?: string;
}

interface RecordedInfo extends Record<string, unknown> {
  readonly sessionKey: string;
  readonly groups: SamInfo["groups"];
}

interface RecordedCall {
  readonly label: string;
  readonly expectedSessionBaseKey?: string;
  readonly input?: Readonly<Record<"domain" | "user" | "workstation" | "challenge" | "nt" | "lm", string>> & {
    readonly control: number;
    readonly logonLevel: 2 | 6;
    readonly validationLevel: ValidationLevel;
  };
  readonly result: { readonly status?: string; readonly authoritative?: number; readonly info?: RecordedInfo };
}

interface Recorded {
  readonly domain: { readonly netbios: string };
  readonly machine: { readonly computer: string; readonly ntHash: string };
  readonly handshake: Readonly<Record<"clientChallenge" | "sessionKey" | "clientCredential", string>> & {
    readonly accountRid: number;
  };
  readonly connections: readonly { readonly pdus: readonly RecordedPdu[] }[];
  readonly calls: readonly RecordedCall[];
}

const recorded = JSON.parse(readFileSync(new URL("test/netlogon/netlogon-transcript.json", ROOT), "utf8")) as Recorded;
const { domain, handshake } = recorded;
const computer = recorded.machine.computer;
const machine = { domain: domain.netbios, computer, ntHash: bytes(recorded.machine.ntHash) };
const sessionKey = bytes(handshake.sessionKey);
const agreement = { sessionKey, clientCredential: bytes(handshake.clientCredential), accountRid: handshake.accountRid };
const deadline = deadlineIn(60_000);

/** Plays the domain controller's part: answers as recorded, and keeps what it heard beside what it should have heard. */
class Playback {
  readonly heard: string[] = [];
  readonly expected: string[] = [];
  readonly #pdus: RecordedPdu[];
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket, pdus: readonly RecordedPdu[]) {
    this.#socket = socket;
    this.#pdus = [...pdus];
    socket.on("data", (chunk) => this.#take(chunk));
    socket.on("error", () => socket.destroy());
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let next = this.#pdus[0]; next; next = this.#pdus[0]) {
      if (next.dir === "in") this.#socket.write(bytes(next.hex));
      else if (!this.#hears(next)) return;
      this.#pdus.shift();
    }
  }

  #hears({ hex }: RecordedPdu): boolean {
    const length = hex.length / 2;
    if (this.#bytes.length < length) return false;
    this.expected.push(hex);
    this.heard.push(this.#bytes.toString("hex", 0, length));
    this.#bytes = this.#bytes.subarray(length);
    return true;
  }
}

describe("the measured exchange", () => {
  let server: Server;
  let playback: Playback;
  let connection = 0;

  before(async () => {
    server = createServer((socket) => (playback = new Playback(socket, recorded.connections[connection]!.pdus)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server.close());

  const port = (): number => (server.address() as AddressInfo).port;
  const sameBytes = (count: number): void => {
    assert.equal(playback.heard.length, count);
    assert.deepEqual(playback.heard, playback.expected);
  };

  test("finds the port in the endpoint mapper's answer", async () => {
    connection = 0;
    assert.equal(await mapNetlogon("127.0.0.1", port(), deadline), 49152);
    sameBytes(2);
  });

  test("agrees on the recorded session key", async () => {
    connection = 1;
    const rpc = await RpcConnection.bind({ host: "127.0.0.1", port: port() }, NETLOGON, deadline);
    const challenge = bytes(handshake.clientChallenge);
    assert.deepEqual(await shakeHands(rpc, machine, challenge, deadline), agreement);
    rpc.close();
    sameBytes(3);
  });

  test("asks about each user in the recorded bytes, and reads what was said", async () => {
    connection = 2;
    const { pdus } = recorded.connections[2]!;
    const requests = pdus.filter(({ stub, dir }) => stub !== undefined && dir === "out");
    const confounders = requests.map((pdu) => confounderOf(pdu, sequenceOf(pdus, pdu)));
    const sealing = new Sealing(sessionKey, "client", () => confounders.shift()!);
    const security = { token: negotiateToken(machine), sealing };
    const rpc = await RpcConnection.bind({ host: "127.0.0.1", port: port() }, NETLOGON, deadline, security);
    for (const [at, call] of recorded.calls.entries()) {
      const { opnum, stub } = requests[at]!;
      const reply = await rpc.call(opnum!, requestOf(call, opnum!) ?? bytes(stub!), deadline);
      if (opnum === SAM_LOGON_EX) checkReply(reply, call);
    }
    rpc.close();
    assert.equal(recorded.calls.length, 21);
    sameBytes(22);
  });

  test("shows that an authenticator and its answer are computed as Samba computes them", () => {
    const { pdus } = recorded.connections[2]!;
    const at = pdus.findIndex(({ opnum }) => opnum === 45);
    const request = bytes(pdus[at]!.stub!);
    const { credential, expected } = authenticate(agreement, request.readUInt32LE(48));
    assert.deepEqual(credential, request.subarray(40, 48));
    assert.deepEqual(expected, bytes(pdus[at + 1]!.stub!).subarray(4, 12));
  });

  test("would not begin with a challenge whose first five bytes are the same", () => {
    const drawn = ["0000000000123456", "0707070707070707", handshake.clientChallenge].map(bytes);
    assert.deepEqual(
      drawChallenge(() => drawn.shift()!),
      bytes(handshake.clientChallenge),
    );
  });

  test("has no challenge that a domain controller would refuse", () => {
    assert.equal(isUniform(bytes(handshake.clientChallenge)), false);
    assert.equal(isUniform(Buffer.from("0000000000123456", "hex")), true);
    assert.equal(isUniform(Buffer.from("0000000001123456", "hex")), false);
  });
});

/** undefined: a call that src does not know, and that only keeps the sequence going. */
function requestOf({ input }: RecordedCall, opnum: number): Buffer | undefined {
  if (!input || opnum !== SAM_LOGON_EX) return undefined;
  const { user, workstation, control, logonLevel, validationLevel } = input;
  const logon: NetworkLogon = {
    ...{ domain: input.domain, user, workstation, parameterControl: control, level: logonLevel },
    ...{ serverChallenge: bytes(input.challenge), ntResponse: bytes(input.nt), lmResponse: bytes(input.lm) },
    extendedSessionSecurity: true,
  };
  return encodeSamLogon(machine, logon, validationLevel);
}

function checkReply(stub: Buffer, { label, result, expectedSessionBaseKey }: RecordedCall): void {
  const { status, authoritative, info } = readSamLogonReply(stub, sessionKey);
  assert.equal(status, Number(result.status), label);
  assert.equal(authoritative, result.authoritative === 1, label);
  if (!result.info) return assert.equal(info, undefined, label);
  assert.ok(info, label);
  assert.equal(Buffer.from(info.sessionBaseKey).toString("hex"), expectedSessionBaseKey, label);
  assert.deepEqual(inRecordedWords(info), pick(result.info, Object.keys(inRecordedWords(info))), label);
  checkToken(info, label);
}

function inRecordedWords(info: SamInfo): Record<string, unknown> {
  const { fullName, logonServer, groups, domainSid, extraSids, userAccountControl, userFlags } = info;
  const times = pick({ ...info }, ["logonTime", "logoffTime", "kickOffTime", "passwordLastSet"]);
  const more = pick({ ...info }, ["passwordCanChange", "passwordMustChange"]);
  const decimal = Object.entries({ ...times, ...more }).map(([name, value]) => [name, String(value)]);
  return {
    ...(Object.fromEntries(decimal) as Record<string, string>),
    ...{ effectiveName: info.user, fullName, logonServer, logonDomain: info.domain },
    ...{ userId: info.rid, primaryGroupId: info.primaryGroupRid, groups, domainSid, extraSids },
    ...{ userAccountControl, userFlags, logonCount: info.logonCount, badPasswordCount: info.badPasswordCount },
    ...(info.dnsDomain !== "" && { dnsDomain: info.dnsDomain, upn: info.upn }),
  };
}

/** MS-APDS 3.1.5: the user, the primary group, the groups; Samba names the primary group among them again. */
function checkToken({ token, rid, groups, domainSid }: SamInfo, label: string): void {
  const rids = [rid, 513, ...groups.map((group) => group.rid).filter((each) => each !== 513)];
  const sids = rids.map((each) => `${domainSid}-${each}`);
  assert.deepEqual(token, { sids, userIndex: 0, primaryGroup: 1 }, label);
}

/** The sequence number of a request: one for each sealed PDU before it, in both directions. */
function sequenceOf(pdus: readonly RecordedPdu[], pdu: RecordedPdu): number {
  return pdus.slice(0, pdus.indexOf(pdu)).filter(({ stub }) => stub !== undefined).length;
}

/** MS-NRPC 3.3.4.2.1, backwards. */
function confounderOf({ hex }: RecordedPdu, sequence: number): Buffer {
  const number = Buffer.from([0, 0, 0, sequence, 0x80, 0, 0, 0]);
  const key = sessionKey.map((byte) => byte ^ 0xf0);
  const cipher = createDecipheriv("aes-128-cfb8", key, Buffer.concat([number, number]));
  return cipher.update(bytes(hex).subarray(-32, -24));
}

function pick(record: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, record[name]]));
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}
