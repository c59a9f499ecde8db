/** The machine password: its file, its change, and every way in which a change can be broken off. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, describe, test } from "node:test";
import { NtStatus } from "../../../src/core/nt-status.ts";
import { Secret } from "../../../src/core/secret.ts";
import { ntHash } from "../../../src/ntlm/hashes.ts";
import { readState, writeState } from "../../../src/validators/netlogon/machine-state.ts";
import { netlogonValidator } from "../../../src/validators/netlogon/netlogon.ts";
import { rotateMachinePassword } from "../../../src/validators/netlogon/rotation.ts";
import { until } from "../../netlogon/asking.ts";
import type { DcDouble } from "../../netlogon/dc-double.ts";
import { byPassword } from "../conformance.ts";
import { MACHINE, startSmallDomain, type SmallDomain, type SmallDomainOptions } from "./small-domain.ts";

let small: SmallDomain | undefined;
afterEach(() => small?.close());

async function start(options?: SmallDomainOptions): Promise<SmallDomain> {
  small = await startSmallDomain(options);
  return small;
}

const TIMEOUT = 400;
const OLD = MACHINE.password;

const alice = ({ validator }: SmallDomain) => byPassword(validator, "alice", "Password1");

function rotate({ controllers, state }: SmallDomain): Promise<boolean> {
  const at = { host: "127.0.0.1", port: controllers[0]!.port };
  return rotateMachinePassword({ path: state, domain: "EXAMPLE", computer: "MAIL" }, at, TIMEOUT);
}

/** Which of the file's passwords the controller has. */
function heldBy(dc: DcDouble, path: string): string | undefined {
  const { password, pending, previous } = readState(path);
  const candidates = { password, pending, previous };
  return Object.entries(candidates).find(
    ([, each]) => each !== undefined && ntHash(each.reveal()).equals(Buffer.from(dc.machine.ntHash)),
  )?.[0];
}

describe("changing the machine password", () => {
  test("the controller and the file have the new one, the file the old one as well", async () => {
    const domain = await start();
    assert.equal(await alice(domain), "accepted alice");
    assert.equal(await rotate(domain), true);
    const { password, previous, pending, changed } = readState(domain.state);
    assert.equal(heldBy(domain.controllers[0]!, domain.state), "password");
    assert.equal(previous?.reveal(), OLD);
    assert.equal(pending, undefined);
    assert.ok(Date.now() - changed.getTime() < 10_000);
    assert.match(password.reveal(), /^.{64}$/);
    assert.equal(await alice(domain), "accepted alice");
  });

  test("a running validator follows, also where all its connections end at that moment", async () => {
    const domain = await start();
    assert.equal(await alice(domain), "accepted alice");
    await rotate(domain);
    domain.controllers[0]!.restart();
    await until(() => domain.controllers[0]!.open === 0);
    await until(() => domain.controllers[0]!.open === 0);
    const answers = [await alice(domain), await alice(domain)];
    assert.equal(answers[1], "accepted alice");
  });

  test("a controller that the change has not reached is still let in with the one before", async () => {
    const domain = await start({ behaviours: [{}, {}] });
    await rotate(domain);
    await domain.controllers[0]!.stop();
    assert.equal(await alice(domain), "accepted alice");
    assert.equal(heldBy(domain.controllers[1]!, domain.state), "previous");
    assert.ok(domain.log.some(({ message }) => message.includes("previous machine password")));
  });

  test("a refusal leaves the file as it was", async () => {
    const domain = await start({ behaviours: [{ passwordRefusal: NtStatus.ACCESS_DENIED }] });
    const before = readFileSync(domain.state, "utf8");
    await assert.rejects(rotate(domain), /NetrServerPasswordSet2/);
    assert.equal(readFileSync(domain.state, "utf8"), before);
    assert.ok(!existsSync(`${domain.state}.lock`));
  });

  test("when nobody knows whether the new one holds, both are kept and the right one is found", async () => {
    for (const holds of [true, false]) {
      const domain = await start();
      const [dc] = domain.controllers;
      // The answer gets lost; whether the change came first, is not to be seen from here.
      dc!.behaviour = { silentAt: "password-set" };
      await assert.rejects(rotate(domain), /in time/);
      const { pending, password } = readState(domain.state);
      assert.ok(pending && password.reveal() === OLD);
      if (holds) dc!.machine = { ...dc!.machine, ntHash: ntHash(pending.reveal()) };
      dc!.behaviour = {};
      assert.equal(await alice(domain), "accepted alice");
      assert.equal(heldBy(dc!, domain.state), "password");
      assert.equal(await rotate(domain), true);
      assert.equal(heldBy(dc!, domain.state), "password");
      assert.equal(readState(domain.state).pending, undefined);
      await domain.close();
    }
    small = undefined;
  });

  test("a new one that was never confirmed is confirmed by the next connection", async () => {
    const domain = await start();
    const state = readState(domain.state);
    const pending = new Secret("Another-Machine-Passw0rd");
    writeState(domain.state, { ...state, pending });
    domain.controllers[0]!.machine = { ...domain.controllers[0]!.machine, ntHash: ntHash(pending.reveal()) };
    assert.equal(await alice(domain), "accepted alice");
    const now = readState(domain.state);
    assert.deepEqual([now.password.reveal(), now.previous?.reveal(), now.pending], [pending.reveal(), OLD, undefined]);
  });

  test("two at once: one of them is told so, and the password is changed once", async () => {
    const domain = await start();
    const both = await Promise.allSettled([rotate(domain), rotate(domain)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal(heldBy(domain.controllers[0]!, domain.state), "password");
  });

  test("a lock whose process has died holds nobody up, one of a living process does", async () => {
    const domain = await start();
    const lock = `${domain.state}.lock`;
    writeFileSync(lock, "1");
    await assert.rejects(rotate(domain), /is being changed/);
    utimesSync(lock, new Date(0), new Date(0));
    assert.equal(await rotate(domain), true);
    writeFileSync(lock, "4194304");
    assert.equal(await rotate(domain), true);
    assert.ok(!existsSync(lock));
  });
});

describe("the state file", () => {
  test("belongs to its owner alone, and is replaced in one piece", async () => {
    const domain = await start();
    await rotate(domain);
    assert.equal(statSync(domain.state).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dirname(domain.state)), ["machine.json"]);
  });

  test("is refused where it is missing, open to others, another machine's or no such file", async () => {
    const domain = await start();
    const make = (path: string, computer = "MAIL") =>
      netlogonValidator({
        ...{ name: "staff", log: () => undefined, domain: "EXAMPLE", dnsDomain: "example.com", computer, state: path },
      });
    assert.throws(() => make(`${domain.state}.not`), /cannot be read \(ENOENT\): "postern netlogon join" writes it/);
    assert.throws(() => make(domain.state, "OTHER"), /is for EXAMPLE\\MAIL, not for EXAMPLE\\OTHER/);
    chmodSync(domain.state, 0o640);
    assert.throws(() => make(domain.state), /chmod 600/);
    chmodSync(domain.state, 0o600);
    for (const text of ["", "{}", "[]", "null", '{"password":"hunter2"', "x".repeat(100_000)]) {
      writeFileSync(domain.state, text);
      assert.throws(
        () => make(domain.state),
        (error: Error) => /is no file that/.test(error.message) && !/hunter2/.test(error.message),
      );
    }
  });

  test("says no password when it is printed", async () => {
    const domain = await start();
    assert.ok(!JSON.stringify(readState(domain.state)).includes(OLD));
    assert.equal(await alice(domain), "accepted alice");
    await rotate(domain);
    assert.ok(!JSON.stringify(domain.log).includes(readState(domain.state).password.reveal()));
  });
});
