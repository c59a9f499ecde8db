/** One connection of the domain controller for tests: what it answers, call by call. */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { NtStatus } from "../../src/core/nt-status.ts";
import { ntHash } from "../../src/ntlm/hashes.ts";
import { verifyResponses } from "../../src/ntlm/responses.ts";
import { open, protect } from "../../src/netlogon/call.ts";
import { computeCredential, computeSessionKey, decrypt, encrypt } from "../../src/netlogon/credentials.ts";
import { Fragments } from "../../src/netlogon/fragments.ts";
import { ENDPOINT_MAPPER, NDR } from "../../src/netlogon/interfaces.ts";
import { decodePdu, encodePdu, PduFlag, PduType, type Pdu } from "../../src/netlogon/pdu.ts";
import { Sealing } from "../../src/netlogon/sealing.ts";
import type { DcDouble, Step } from "./dc-double.ts";
import {
  encodeLogonReply,
  encodeMapReply,
  readAuthenticate3,
  readPasswordSet,
  readReqChallenge,
  readSamLogon,
  type Answer,
  type AskedLogon,
} from "./dc-double-stubs.ts";

const WHOLE = PduFlag.first | PduFlag.last;
/** As much as fits into a fragment of 5840 bytes beside header and security, in multiples of 16. */
const FRAGMENT_SIZE = 5744;
const SUPPORTS_AES = 0x01000000;
const SEC_PKG_ERROR = 0x721;
const BAD_OPNUM = 0x1c010002;

const STEPS: Readonly<Record<number, Step>> = { 4: "challenge", 26: "authenticate", 30: "password-set", 39: "logon" };

export class DcConversation {
  readonly #dc: DcDouble;
  readonly #socket: Socket;
  readonly #fragments = new Fragments();
  #isMapper = false;
  #sealing: Sealing | undefined;
  #sessionKey: Buffer | undefined;
  #computer = "";
  #clientChallenge = Buffer.alloc(0);
  #serverChallenge = Buffer.alloc(0);
  #request: Buffer[] = [];
  #logons = 0;
  #isSilent = false;
  #sent = Promise.resolve();

  constructor(dc: DcDouble, socket: Socket) {
    this.#dc = dc;
    this.#socket = socket;
  }

  heard(chunk: Buffer): void {
    if (this.#isSilent) return;
    try {
      this.#fragments.push(chunk, (fragment) => this.#take(decodePdu(fragment)));
    } catch {
      this.#socket.destroy();
    }
  }

  #take(pdu: Pdu): void {
    if (pdu.type === PduType.bind) return this.#bind(pdu);
    const sealing = this.#sealing;
    let part: Buffer;
    try {
      part = open(pdu, sealing);
    } catch {
      return this.#fault(pdu.callId, SEC_PKG_ERROR);
    }
    this.#request.push(part);
    if ((pdu.flags & PduFlag.last) === 0) return;
    const stub = Buffer.concat(this.#request);
    this.#request = [];
    void this.#answer(pdu.callId, pdu.body.readUInt16LE(6), stub);
  }

  #bind({ callId, body, verifier }: Pdu): void {
    if (this.#isOdd("bind")) return;
    this.#isMapper = body.subarray(16, 36).equals(ENDPOINT_MAPPER);
    const computer = verifier?.token.toString("latin1", 8).split("\0")[1] ?? "";
    const channel = this.#dc.channels.get(computer);
    if (verifier && (this.#dc.behaviour.bindNak === true || !channel)) {
      return this.#send(
        encodePdu({ type: PduType.bindNak, flags: WHOLE, callId, body: Buffer.alloc(2), verifier: undefined }),
      );
    }
    if (verifier && channel) {
      this.#computer = computer;
      this.#sessionKey = channel.sessionKey;
      this.#sealing = new Sealing(channel.sessionKey, "server");
    }
    // Limits of 5840 and 5840, association group, secondary address "1" with its NUL, one result.
    const answer = Buffer.concat([Buffer.from("d016d016010000000200310001000000" + "00000000", "hex"), NDR]);
    const token = verifier && { padLength: 0, token: Buffer.from("010000000000000000006c00", "hex") };
    this.#send(encodePdu({ type: PduType.bindAck, flags: WHOLE, callId, body: answer, verifier: token }));
  }

  async #answer(callId: number, opnum: number, stub: Buffer): Promise<void> {
    const step = this.#isMapper ? "map" : STEPS[opnum];
    if (step === undefined) return this.#fault(callId, BAD_OPNUM);
    if (step === "logon") await sleep(this.#dc.behaviour.delay ?? 0);
    if (this.#isOdd(step)) return;
    if (step === "map") return this.#reply(callId, encodeMapReply(stub, this.#dc.port));
    if (step === "challenge") return this.#reply(callId, this.#challenge(stub));
    if (step === "authenticate") return this.#reply(callId, this.#authenticate(stub));
    if (step === "password-set") return this.#reply(callId, this.#setPassword(stub));
    this.#logon(callId, stub);
  }

  /** Whether the test wants something else than an answer here. */
  #isOdd(step: Step): boolean {
    const { silentAt, hangUpAt, garbage } = this.#dc.behaviour;
    this.#isSilent ||= silentAt === step;
    if (hangUpAt === step) this.#socket.destroy();
    if (garbage?.at === step) this.#send(Buffer.from(garbage.bytes));
    return this.#isSilent || hangUpAt === step || garbage?.at === step;
  }

  #challenge(stub: Buffer): Buffer {
    const { computer, challenge } = readReqChallenge(stub);
    this.#computer = computer;
    this.#clientChallenge = Buffer.from(challenge);
    this.#serverChallenge = this.#dc.behaviour.uniformChallenge ? Buffer.alloc(8, 7) : randomBytes(8);
    return Buffer.concat([this.#serverChallenge, Buffer.alloc(4)]);
  }

  #authenticate(stub: Buffer): Buffer {
    const { machine, behaviour } = this.#dc;
    const { account, credential, flags } = readAuthenticate3(stub);
    const sessionKey = computeSessionKey(machine.ntHash, this.#clientChallenge, this.#serverChallenge);
    const isRight = computeCredential(sessionKey, this.#clientChallenge).equals(credential);
    const isKnown = account === (machine.account ?? `${machine.computer}$`) && this.#computer === machine.computer;
    const verdict = isRight ? NtStatus.SUCCESS : NtStatus.ACCESS_DENIED;
    const status = behaviour.refusal ?? (isKnown ? verdict : NtStatus.NO_TRUST_SAM_ACCOUNT);
    const reply = Buffer.alloc(20);
    reply.writeUInt32LE(status, 16);
    if (status !== NtStatus.SUCCESS) return reply;
    this.#dc.handshakes += 1;
    this.#dc.channels.set(this.#computer, { sessionKey, stored: Buffer.from(credential) });
    computeCredential(sessionKey, this.#serverChallenge).copy(reply);
    if (behaviour.wrongCredential) reply[7]! ^= 1;
    reply.writeUInt32LE((behaviour.withoutAes ? flags & ~SUPPORTS_AES : flags) >>> 0, 8);
    reply.writeUInt32LE(1128, 12);
    return reply;
  }

  #setPassword(stub: Buffer): Buffer {
    const { channels, machine, behaviour } = this.#dc;
    const channel = channels.get(this.#computer)!;
    const { credential, timestamp, hidden } = readPasswordSet(stub);
    const step = (amount: number): Buffer => {
      channel.stored.writeUInt32LE((channel.stored.readUInt32LE() + amount) % 2 ** 32);
      return computeCredential(channel.sessionKey, channel.stored);
    };
    const isRight = step(timestamp).equals(credential) && this.#sealing !== undefined;
    const reply = Buffer.concat([step(1), Buffer.alloc(8)]);
    if (behaviour.wrongAuthenticator) reply[0]! ^= 1;
    const status = behaviour.passwordRefusal ?? (isRight ? NtStatus.SUCCESS : NtStatus.ACCESS_DENIED);
    reply.writeUInt32LE(status, 12);
    if (status !== NtStatus.SUCCESS) return reply;
    const plain = decrypt(channel.sessionKey, hidden);
    const password = plain.subarray(512 - plain.readUInt32LE(512), 512).toString("utf16le");
    this.#dc.machine = { ...machine, ntHash: ntHash(password) };
    return reply;
  }

  #logon(callId: number, stub: Buffer): void {
    const { behaviour, logons } = this.#dc;
    const asked = readSamLogon(stub);
    logons.push(asked);
    this.#logons += 1;
    if (this.#logons > (behaviour.closeAfter ?? Infinity)) return void this.#socket.destroy();
    if (behaviour.fault !== undefined) return this.#fault(callId, behaviour.fault);
    this.#reply(callId, encodeLogonReply(this.#judge(asked), behaviour.validationLevel));
  }

  #judge(asked: AskedLogon): Answer {
    const { accounts, behaviour } = this.#dc;
    const refused = (status: number, authoritative = true): Answer => ({ status, authoritative, info: undefined });
    if (behaviour.logonStatus !== undefined) return refused(behaviour.logonStatus);
    const account = accounts.get(asked.user.toLowerCase());
    if (!account) return refused(NtStatus.NO_SUCH_USER);
    const sessionBaseKey = sessionBaseKeyOf(asked, account.password);
    if (!sessionBaseKey) return refused(NtStatus.WRONG_PASSWORD);
    const { status = NtStatus.SUCCESS, authoritative = true } = account;
    if (status !== NtStatus.SUCCESS) return refused(status, authoritative);
    // As Samba does it: no key stays none.
    const isHidden =
      behaviour.validationLevel !== undefined && behaviour.validationLevel !== 6 && account.password !== undefined;
    const key = isHidden ? encrypt(this.#sessionKey!, sessionBaseKey) : sessionBaseKey;
    return { status, authoritative, info: { user: asked.user, ...account.info, sessionBaseKey: key } };
  }

  #reply(callId: number, stub: Buffer): void {
    const { fragmentSize = FRAGMENT_SIZE, brokenSeal, unsealed } = this.#dc.behaviour;
    for (let at = 0; at === 0 || at < stub.length; at += fragmentSize) {
      const flags = (at === 0 ? PduFlag.first : 0) | (at + fragmentSize >= stub.length ? PduFlag.last : 0);
      const rest = protect(Buffer.alloc(8), stub.subarray(at, at + fragmentSize), unsealed ? undefined : this.#sealing);
      if (brokenSeal && this.#sealing) rest.body[8]! ^= 1;
      this.#send(encodePdu({ type: PduType.response, flags, callId, ...rest }));
    }
  }

  /** Always unprotected. */
  #fault(callId: number, status: number): void {
    const body = Buffer.alloc(16);
    body.writeUInt32LE(status, 8);
    this.#send(encodePdu({ type: PduType.fault, flags: WHOLE, callId, body, verifier: undefined }));
  }

  #send(bytes: Buffer): void {
    const { slow } = this.#dc.behaviour;
    if (slow === undefined) return void this.#socket.write(bytes);
    this.#sent = this.#sent.then(async () => {
      for (const byte of bytes) {
        if (this.#socket.destroyed) return;
        this.#socket.write(Buffer.of(byte));
        await sleep(slow);
      }
    });
  }
}

/** undefined: the responses are wrong. Without a password everything is right, with a key of zeros. */
function sessionBaseKeyOf(asked: AskedLogon, password: string | undefined): Buffer | undefined {
  if (password === undefined) return Buffer.alloc(16);
  const { user, domain, workstation, challenge, ntResponse, lmResponse } = asked;
  const evidence = {
    ...{ names: [{ user, domain }], workstation, ntResponse, lmResponse },
    // Of NTLM2 session the client has joined both challenges already.
    ...{ serverChallenge: challenge, extendedSessionSecurity: false, minimum: "lm" as const },
  };
  return verifyResponses({ nt: ntHash(password) }, evidence)?.sessionBaseKey;
}
