/** Logons over a sealed connection to the domain controller for tests: what is asked, what is told, what is not believed. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { NtStatus } from "../../src/core/nt-status.ts";
import type { NetlogonConnection, NetlogonSession, NetworkLogon } from "../../src/netlogon/netlogon.ts";
import { establishSession } from "../../src/netlogon/session.ts";
import { alice, IMPATIENCE, isError, logonOf, PASSWORD, PATIENCE } from "./asking.ts";
import { DcDouble, type Behaviour } from "./dc-double.ts";
import { DOMAIN_SID } from "./dc-double-stubs.ts";

let dc: DcDouble;

before(async () => {
  const groups = [513, 1122, 1122].map((rid) => ({ rid, attributes: 7 }));
  const many = Array.from({ length: 800 }, (_, at) => ({ rid: 2000 + at, attributes: 7 }));
  const known = { rid: 1103, fullName: "Alice Doe", upn: "alice@gw.test", groups };
  dc = await DcDouble.start({
    accounts: {
      alice: { password: PASSWORD, info: { ...known, extraSids: ["S-1-18-1", "S-1-5-32-545", "S-1-18-1"] } },
      many: { password: PASSWORD, info: { groups: many } },
      keyless: {},
      disabled: { password: PASSWORD, status: NtStatus.ACCOUNT_DISABLED },
      stranger: { password: PASSWORD, status: NtStatus.NO_SUCH_USER, authoritative: false },
      foreign: { password: PASSWORD, info: { rid: 0, primaryGroupRid: 513, extraSids: ["S-1-5-21-9-9-9-77"] } },
    },
  });
});
beforeEach(() => {
  dc.behaviour = {};
  dc.logons.length = 0;
});
after(() => dc.stop());

const session = (): Promise<NetlogonSession> => establishSession(dc.controller, dc.machine, PATIENCE);
const connection = async (): Promise<NetlogonConnection> => (await session()).open(PATIENCE);

/** What asking for alice ends with, under a behaviour that begins once there is a connection. */
async function logonUnder(behaviour: Behaviour, patience = PATIENCE): Promise<NetlogonConnection> {
  const open = await connection();
  dc.behaviour = behaviour;
  await open.logon(alice(), patience).finally(() => (dc.behaviour = {}));
  return open;
}

describe("a logon", () => {
  test("tells who it is, with a token without doubles", async () => {
    const { logon, sessionBaseKey } = logonOf("alice");
    const reply = await (await connection()).logon(logon, PATIENCE);
    assert.equal(reply.status, 0);
    assert.equal(reply.authoritative, true);
    assert.ok(reply.info);
    const { user, fullName, domain, dnsDomain, upn, token } = reply.info;
    const texts = { user: "alice", fullName: "Alice Doe", domain: "GWTEST", dnsDomain: "gw.test" };
    assert.deepEqual({ user, fullName, domain, dnsDomain, upn }, { ...texts, upn: "alice@gw.test" });
    const sids = ["-1103", "-513", "-1122"].map((rid) => DOMAIN_SID + rid);
    const expected = { sids: [...sids, "S-1-18-1", "S-1-5-32-545"], userIndex: 0, primaryGroup: 1 };
    assert.deepEqual(token, expected);
    assert.deepEqual(Buffer.from(reply.info.sessionBaseKey), sessionBaseKey);
  });

  test("passes on what the client sent, and no more", async () => {
    const { logon } = logonOf("Alice");
    await (await connection()).logon({ ...logon, level: 2, parameterControl: 0x20 }, PATIENCE);
    const { domain, user, workstation, serverChallenge, ntResponse, lmResponse } = logon;
    assert.deepEqual(dc.logons, [
      {
        ...{ computer: "GATEWAY", level: 2, parameterControl: 0x20, validationLevel: 6 },
        ...{ domain, user, workstation, challenge: serverChallenge, ntResponse, lmResponse },
      },
    ]);
  });

  for (const scheme of ["NTLMv2", "LMv2", "NTLM2 session", "NTLMv1"] as const) {
    test(`is right with ${scheme}`, async () => {
      const { logon, sessionBaseKey } = logonOf("alice", PASSWORD, scheme);
      const { info } = await (await connection()).logon(logon, PATIENCE);
      assert.deepEqual(info && Buffer.from(info.sessionBaseKey), sessionBaseKey);
    });
  }

  for (const level of [2, 3] as const) {
    test(`is understood in the form of level ${level}, whose session key is hidden`, async () => {
      dc.behaviour = { validationLevel: level };
      const { logon, sessionBaseKey } = logonOf("alice");
      const { info } = await (await connection()).logon(logon, PATIENCE);
      assert.deepEqual(info && Buffer.from(info.sessionBaseKey), sessionBaseKey);
      assert.deepEqual([info?.dnsDomain, info?.upn], ["", ""]);
      assert.equal(info?.extraSids.length, level === 3 ? 3 : 0);
    });
  }

  test("without a session key has one of zeros in every form", async () => {
    for (const validationLevel of [2, 3, 6] as const) {
      dc.behaviour = { validationLevel };
      const { info } = await (await connection()).logon(logonOf("keyless").logon, PATIENCE);
      assert.deepEqual(info && Buffer.from(info.sessionBaseKey), Buffer.alloc(16));
    }
  });

  test("ends with the NTSTATUS where it is refused, and the connection goes on", async () => {
    const open = await connection();
    const refusals: readonly (readonly [NetworkLogon, number, boolean])[] = [
      [logonOf("alice", "wrong").logon, NtStatus.WRONG_PASSWORD, true],
      [logonOf("nobody").logon, NtStatus.NO_SUCH_USER, true],
      [logonOf("disabled").logon, NtStatus.ACCOUNT_DISABLED, true],
      [logonOf("stranger").logon, NtStatus.NO_SUCH_USER, false],
    ];
    for (const [logon, status, authoritative] of refusals) {
      assert.deepEqual(await open.logon(logon, PATIENCE), { status, authoritative, info: undefined });
    }
    assert.equal((await open.logon(alice(), PATIENCE)).status, 0);
  });

  test("takes the first extra SID for the account where that is of another domain", async () => {
    const { info } = await (await connection()).logon(logonOf("foreign").logon, PATIENCE);
    assert.equal(info?.token.sids[info.token.userIndex ?? -1], "S-1-5-21-9-9-9-77");
  });

  test("reads a reply of many fragments, and the next one", async () => {
    const open = await connection();
    for (const fragmentSize of [5744, 16, 1000]) {
      dc.behaviour = { fragmentSize };
      const { info } = await open.logon(logonOf("many").logon, PATIENCE);
      assert.equal(info?.groups.length, 800);
      assert.equal(info.token.sids.length, 802);
    }
  });

  test("sends a request of many fragments", async () => {
    const ntResponse = randomBytes(8192);
    const lmResponse = randomBytes(8192);
    const reply = await (await connection()).logon({ ...alice(), ntResponse, lmResponse }, PATIENCE);
    assert.equal(reply.status, NtStatus.WRONG_PASSWORD);
    assert.deepEqual(dc.logons[0]?.ntResponse, ntResponse);
    assert.deepEqual(dc.logons[0]?.lmResponse, lmResponse);
  });

  test("refuses to send what no client can have sent, and the connection goes on", async () => {
    const open = await connection();
    const impossible = [
      { ntResponse: Buffer.alloc(8193) },
      { lmResponse: Buffer.alloc(8193) },
      { user: "a".repeat(4097) },
      { serverChallenge: Buffer.alloc(7) },
    ];
    for (const part of impossible) await assert.rejects(open.logon({ ...alice(), ...part }, PATIENCE), RangeError);
    assert.equal((await open.logon(alice(), PATIENCE)).status, 0);
  });

  test("waits for no other: a second one at the same time throws, and the first goes on", async () => {
    dc.behaviour = { delay: 50 };
    const open = await connection();
    const first = open.logon(alice(), PATIENCE);
    await assert.rejects(open.logon(alice(), PATIENCE), /one call at a time/);
    assert.equal((await first).status, 0);
  });

  test("closes the connection when its time is over", async () => {
    const open = await connection();
    dc.behaviour = { delay: 300 };
    await assert.rejects(open.logon(alice(), IMPATIENCE), isError("timeout", /in time/));
    assert.equal(open.isOpen, false);
  });

  test("believes nothing whose seal is broken or missing", async () => {
    await assert.rejects(logonUnder({ brokenSeal: true }), isError("protocol", /seal that is broken/));
    await assert.rejects(logonUnder({ unsealed: true }), isError("protocol", /an unsealed PDU/));
  });

  test("ends with a fault, which only an unknown key makes one for the connection", async () => {
    const open = await connection();
    dc.behaviour = { fault: 0x6f7 };
    await assert.rejects(open.logon(alice(), PATIENCE), isError("protocol", /RPC fault 0x6f7/, 0x6f7));
    dc.behaviour = {};
    assert.equal((await open.logon(alice(), PATIENCE)).status, 0);
  });

  test("fails when the connection ends in the middle", async () => {
    await assert.rejects(logonUnder({ closeAfter: 0 }), isError("closed", /closed the connection|broke/));
  });

  test("is read also when it comes byte by byte, and still in time", async () => {
    await logonUnder({ slow: 0 });
    await assert.rejects(logonUnder({ slow: 5 }, IMPATIENCE), isError("timeout", /in time/));
  });
});
