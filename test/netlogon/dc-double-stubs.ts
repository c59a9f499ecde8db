/** What a domain controller reads and writes in the stubs of its calls (MS-NRPC 3.5.4): the side that src/netlogon has not. */
import { NdrReader } from "../../src/netlogon/ndr-reader.ts";
import { NdrWriter } from "../../src/netlogon/ndr-writer.ts";
import { NEVER, type SamInfo } from "../../src/netlogon/sam-info.ts";

/** NetrServerReqChallenge and the beginning of the others: an absent server name, then strings. */
export function readReqChallenge(stub: Buffer): { computer: string; challenge: Buffer } {
  const request = new NdrReader(stub);
  request.pointer();
  return { computer: readString(request), challenge: request.bytes(8) };
}

export interface Authenticate3 {
  readonly account: string;
  readonly channelType: number;
  readonly computer: string;
  readonly credential: Buffer;
  readonly flags: number;
}

export function readAuthenticate3(stub: Buffer): Authenticate3 {
  const request = new NdrReader(stub);
  request.pointer();
  return {
    account: readString(request),
    channelType: request.u16(),
    computer: readString(request),
    credential: request.bytes(8),
    flags: request.u32(),
  };
}

export interface PasswordSet {
  readonly credential: Buffer;
  readonly timestamp: number;
  /** 516 bytes, hidden. */
  readonly hidden: Buffer;
}

export function readPasswordSet(stub: Buffer): PasswordSet {
  const request = new NdrReader(stub);
  request.pointer();
  readString(request);
  request.u16();
  readString(request);
  request.align(4);
  return { credential: request.bytes(8), timestamp: request.u32(), hidden: request.bytes(516) };
}

/** A question about a user as it came over the wire. */
export interface AskedLogon {
  readonly computer: string;
  readonly level: number;
  readonly domain: string;
  readonly parameterControl: number;
  readonly user: string;
  readonly workstation: string;
  /** LmChallenge: of NTLM2 session the first half of a digest over both challenges. */
  readonly challenge: Buffer;
  readonly ntResponse: Buffer;
  readonly lmResponse: Buffer;
  readonly validationLevel: number;
}

export function readSamLogon(stub: Buffer): AskedLogon {
  const request = new NdrReader(stub);
  request.pointer();
  request.pointer();
  const computer = readString(request);
  const level = request.u16();
  request.u16();
  request.pointer();
  const domain = request.deferredText();
  const parameterControl = request.u32();
  request.u64();
  const user = request.deferredText();
  const workstation = request.deferredText();
  const challenge = request.bytes(8);
  request.deferredText();
  request.deferredText();
  const texts = [domain, user, workstation].map((each) => request.text(each));
  const ntResponse = readBytes(request);
  const lmResponse = readBytes(request);
  const [domainText = "", userText = "", workstationText = ""] = texts;
  return {
    ...{ computer, level, domain: domainText, parameterControl, user: userText, workstation: workstationText },
    ...{ challenge, ntResponse, lmResponse, validationLevel: request.u16() },
  };
}

/** What the double knows of a user who may log on; the rest of a SamInfo is made up. */
export type Known = Partial<Omit<SamInfo, "token" | "sessionBaseKey">>;

export const DOMAIN_SID = "S-1-5-21-1111111111-2222222222-3333333333";

export interface Answer {
  readonly status: number;
  readonly authoritative: boolean;
  readonly info: (Known & { readonly user: string; readonly sessionBaseKey: Uint8Array }) | undefined;
}

/** Reply to NetrLogonSamLogonEx; levels 2 and 3 want the session key hidden already. */
export function encodeLogonReply({ status, authoritative, info }: Answer, level = 6): Buffer {
  const reply = new NdrWriter().u16(level);
  if (info) encodeSamInfo(reply.pointer(), info, level);
  else reply.nullPointer();
  return reply
    .u8(authoritative ? 1 : 0)
    .u32(0)
    .u32(status)
    .finish();
}

function encodeSamInfo(reply: NdrWriter, info: NonNullable<Answer["info"]>, level: number): void {
  const { groups = [], extraSids = [], domainSid = DOMAIN_SID } = info;
  const times = [
    ...[info.logonTime ?? 0n, info.logoffTime ?? NEVER, info.kickOffTime ?? NEVER],
    ...[info.passwordLastSet ?? 0n, info.passwordCanChange ?? 0n, info.passwordMustChange ?? NEVER],
  ];
  for (const time of times) reply.u64(time);
  for (const text of [info.user, info.fullName ?? "", "", "", "", ""]) reply.unicodeString(text);
  reply.u16(info.logonCount ?? 0).u16(info.badPasswordCount ?? 0);
  reply
    .u32(info.rid ?? 1000)
    .u32(info.primaryGroupRid ?? 513)
    .u32(groups.length)
    .pointer();
  reply.later(() => {
    reply.u32(groups.length);
    for (const { rid, attributes } of groups) reply.u32(rid).u32(attributes);
  });
  reply.u32(info.userFlags ?? 0).bytes(info.sessionBaseKey);
  reply
    .unicodeString(info.logonServer ?? "DC1")
    .unicodeString(info.domain ?? "GWTEST")
    .pointer();
  reply.later(() => writeSid(reply, domainSid));
  reply
    .bytes(Buffer.alloc(8))
    .u32(info.userAccountControl ?? 0x10)
    .bytes(Buffer.alloc(28));
  if (level !== 2) writeExtraSids(reply, extraSids);
  const names = level === 6 ? [info.dnsDomain ?? "gw.test", info.upn ?? "", ...Array<string>(10).fill("")] : [];
  for (const name of names) reply.unicodeString(name);
  reply.finishStructure();
}

function writeExtraSids(reply: NdrWriter, sids: readonly string[]): void {
  if (sids.length === 0) return void reply.u32(0).nullPointer();
  reply.u32(sids.length).pointer();
  reply.later(() => {
    reply.u32(sids.length);
    for (const sid of sids) {
      reply.pointer().u32(7);
      reply.later(() => writeSid(reply, sid));
    }
  });
}

function writeSid(reply: NdrWriter, sid: string): void {
  const [authority = 0, ...subAuthorities] = sid.split("-").slice(2).map(Number);
  const six = Buffer.alloc(6);
  six.writeUIntBE(authority, 0, 6);
  reply.u32(subAuthorities.length).u8(1).u8(subAuthorities.length).bytes(six);
  for (const each of subAuthorities) reply.u32(each);
}

/** A conformant-varying string with its NUL. */
function readString(request: NdrReader): string {
  request.u32();
  request.u32();
  return request
    .bytes(request.u32() * 2)
    .toString("utf16le")
    .slice(0, -1);
}

function readBytes(request: NdrReader): Buffer {
  request.u32();
  request.u32();
  return request.bytes(request.u32());
}

/** ept_map: the one tower of the request, with the port put in. */
export function encodeMapReply(request: Buffer, port: number): Buffer {
  const tower = Buffer.from(request.subarray(32, 32 + 75));
  tower.writeUInt16BE(port, tower.indexOf(Buffer.of(1, 0, 7, 2, 0)) + 5);
  const reply = new NdrWriter().bytes(Buffer.alloc(20)).u32(1).u32(4).u32(0).u32(1).pointer();
  return reply.u32(tower.length).u32(tower.length).bytes(tower).u32(0).finish();
}
