/** Changing the machine password at the domain controller for tests, and how a change can fail. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, beforeEach, describe, test } from "node:test";
import { NtStatus } from "../../src/core/nt-status.ts";
import { Secret } from "../../src/core/secret.ts";
import { ntHash } from "../../src/ntlm/hashes.ts";
import { changeMachinePassword, encodeTrustPassword } from "../../src/netlogon/machine-password.ts";
import { establishSession } from "../../src/netlogon/session.ts";
import { IMPATIENCE, isError, PATIENCE, until } from "./asking.ts";
import { DcDouble, type Behaviour } from "./dc-double.ts";

const NEW = "A new machine passwörd 🔑";

describe("changing the machine password", () => {
  let dc: DcDouble;

  beforeEach(async () => {
    await dc?.stop();
    dc = await DcDouble.start();
  });
  after(() => dc.stop());

  for (const computer of ["GATEWAY", "GATEWAY2"]) {
    test(`makes ${computer}'s new one good and the old one bad`, async () => {
      await dc.stop();
      dc = await DcDouble.start({ machine: { domain: "GWTEST", computer, password: "old" } });
      const old = dc.machine;
      await changeMachinePassword(dc.controller, old, new Secret(NEW), PATIENCE);
      assert.deepEqual(dc.machine.ntHash, ntHash(NEW));
      await establishSession(dc.controller, { ...old, ntHash: ntHash(NEW) }, PATIENCE);
      await assert.rejects(
        establishSession(dc.controller, old, PATIENCE),
        isError("refused", /ACCESS_DENIED/, NtStatus.ACCESS_DENIED),
      );
      await until(() => dc.open === 0);
    });
  }

  const failures: readonly (readonly [string, Behaviour, ReturnType<typeof isError>])[] = [
    [
      "is refused",
      { passwordRefusal: NtStatus.ACCESS_DENIED },
      isError("refused", /PasswordSet2/, NtStatus.ACCESS_DENIED),
    ],
    ["is answered by who has another key", { wrongAuthenticator: true }, isError("protocol", /does not answer ours/)],
    ["is not answered", { silentAt: "password-set" }, isError("timeout", /in time/)],
    ["ends with the connection", { hangUpAt: "password-set" }, isError("closed", /clos|broke/)],
    ["comes to a closed door", { bindNak: true }, isError("refused", /bind is refused/, undefined, true)],
  ];
  for (const [how, behaviour, expected] of failures) {
    test(`fails when it ${how}, and leaves no connection open`, async () => {
      dc.behaviour = behaviour;
      await assert.rejects(changeMachinePassword(dc.controller, dc.machine, new Secret(NEW), IMPATIENCE), expected);
      await until(() => dc.open === 0);
    });
  }

  test("takes no password that the protocol has no room for", async () => {
    const before = dc.connections;
    for (const password of ["", "x".repeat(257)]) {
      await assert.rejects(
        changeMachinePassword(dc.controller, dc.machine, new Secret(password), PATIENCE),
        RangeError,
      );
    }
    assert.equal(dc.connections, before);
    await changeMachinePassword(dc.controller, dc.machine, new Secret("x".repeat(256)), PATIENCE);
  });

  test("puts the password at the end of random bytes, so that nobody sees its length", () => {
    const plain = encodeTrustPassword(new Secret("abc"), randomBytes);
    assert.equal(plain.length, 516);
    assert.equal(plain.toString("utf16le", 506, 512), "abc");
    assert.equal(plain.readUInt32LE(512), 6);
    assert.equal(new Set(plain.subarray(0, 506)).size > 100, true);
  });
});
