/** Sessions and connections with the domain controller for tests: how they are made, and how they fail. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { NtStatus } from "../../src/core/nt-status.ts";
import type { NetlogonConnection, NetlogonSession } from "../../src/netlogon/netlogon.ts";
import { establishSession } from "../../src/netlogon/session.ts";
import { alice, IMPATIENCE, isError, PASSWORD, PATIENCE, until } from "./asking.ts";
import { DcDouble } from "./dc-double.ts";

let dc: DcDouble;

before(async () => {
  dc = await DcDouble.start({ accounts: { alice: { password: PASSWORD } } });
});
beforeEach(() => {
  dc.behaviour = {};
});
after(() => dc.stop());

const session = (): Promise<NetlogonSession> => establishSession(dc.controller, dc.machine, PATIENCE);
const connection = async (): Promise<NetlogonConnection> => (await session()).open(PATIENCE);

describe("a session", () => {
  test("finds the port through the endpoint mapper, and knows our account", async () => {
    const { host, port, accountRid } = await session();
    assert.deepEqual({ host, port, accountRid }, { host: "127.0.0.1", port: dc.port, accountRid: 1128 });
  });

  test("needs no endpoint mapper where the port is given", async () => {
    const before = dc.connections;
    await establishSession({ host: "127.0.0.1", port: dc.port }, dc.machine, PATIENCE);
    assert.equal(dc.connections - before, 1);
  });

  test("leaves no connection open", async () => {
    await session();
    await until(() => dc.open === 0);
  });

  test("is refused with the NTSTATUS for a wrong machine password and an unknown account", async () => {
    const wrong = { ...dc.machine, ntHash: Buffer.alloc(16) };
    const refused = isError("refused", /NetrServerAuthenticate3.*STATUS_ACCESS_DENIED/, NtStatus.ACCESS_DENIED);
    await assert.rejects(establishSession(dc.controller, wrong, PATIENCE), refused);
    const unknown = { ...dc.machine, computer: "OTHER" };
    const missing = isError("refused", /NO_TRUST_SAM_ACCOUNT/, NtStatus.NO_TRUST_SAM_ACCOUNT);
    await assert.rejects(establishSession(dc.controller, unknown, PATIENCE), missing);
  });

  test("is not made with who cannot prove to know the machine password", async () => {
    dc.behaviour = { wrongCredential: true };
    await assert.rejects(session(), isError("protocol", /cannot prove/));
    dc.behaviour = { uniformChallenge: true };
    await assert.rejects(session(), isError("protocol", /its own credential/));
  });

  test("is not made without AES", async () => {
    dc.behaviour = { withoutAes: true };
    await assert.rejects(session(), isError("protocol", /no AES/));
  });

  for (const step of ["bind", "map", "challenge", "authenticate"] as const) {
    test(`ends in time when nothing is said at ${step}, and at once when the connection ends there`, async () => {
      dc.behaviour = { silentAt: step };
      const asked = performance.now();
      await assert.rejects(establishSession(dc.controller, dc.machine, IMPATIENCE), isError("timeout", /in time/));
      assert.ok(performance.now() - asked < 2000);
      dc.behaviour = { hangUpAt: step };
      await assert.rejects(session(), isError("closed", /clos|broke/));
      await until(() => dc.open === 0);
    });

    test(`ends when something else is said at ${step}`, async () => {
      dc.behaviour = { garbage: { at: step, bytes: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n") } };
      await assert.rejects(session(), isError("protocol", /RPC version 72.84/));
      await until(() => dc.open === 0);
    });
  }

  test("shares one timeout among all its steps", async () => {
    dc.behaviour = { slow: 3 };
    await assert.rejects(establishSession(dc.controller, dc.machine, IMPATIENCE), isError("timeout", /in time/));
  });

  test("is made also with who sends byte by byte", async () => {
    dc.behaviour = { slow: 0 };
    assert.equal((await session()).accountRid, 1128);
  });

  test("says where nobody listens", async () => {
    const gone = await DcDouble.start();
    const { controller } = gone;
    await gone.stop();
    await assert.rejects(establishSession(controller, dc.machine, PATIENCE), isError("unreachable", /ECONNREFUSED/));
  });
});

describe("a connection", () => {
  test("is refused when the domain controller has forgotten the key", async () => {
    const stale = await session();
    dc.restart();
    await assert.rejects(stale.open(PATIENCE), isError("refused", /bind is refused/, undefined, true));
    assert.ok((await (await session()).open(PATIENCE)).isOpen);
  });

  test("fails at its first call when another handshake has replaced the key", async () => {
    const stale = await session();
    await session();
    const open = await stale.open(PATIENCE);
    await assert.rejects(open.logon(alice(), PATIENCE), isError("protocol", /RPC fault 0x721/, 0x721, true));
    assert.equal(open.isOpen, false);
  });

  test("can be one of many, and goes on when the key is replaced", async () => {
    const shared = await session();
    const open = await Promise.all([1, 2, 3].map(() => shared.open(PATIENCE)));
    await session();
    const replies = await Promise.all(open.map((each) => each.logon(alice(), PATIENCE)));
    assert.deepEqual(
      replies.map(({ status }) => status),
      [0, 0, 0],
    );
    for (const each of open) each.close();
  });

  test("tells when it is over, and why", async () => {
    const open = await connection();
    open.close();
    assert.equal(open.isOpen, false);
    isError("closed", /was closed/)(await open.closed);
    await assert.rejects(open.logon(alice(), PATIENCE), isError("closed", /was closed/));
    const other = await connection();
    dc.restart();
    isError("closed", /closed the connection|broke/)(await other.closed);
    assert.equal(other.isOpen, false);
  });

  test("is over when the domain controller says what nobody asked", async () => {
    const open = await connection();
    dc.say(Buffer.from("05000203100000001800000002000000" + "0000000000000000", "hex"));
    isError("protocol", /nobody asked for/)(await open.closed);
    await until(() => dc.open === 0);
  });
});
