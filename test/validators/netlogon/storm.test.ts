/**
 * A crowd logs on while the domain controller is killed and started again: every answer is right or says that nobody knows.
 * POSTERN_STORM is the number of logons; 500 unless said otherwise.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Validator } from "../../../src/core/validator.ts";
import { startDomainController, withoutDomainController, accountOf } from "../../peers/samba-dc/domain-controller.ts";
import { byNtlm, byPassword } from "../conformance.ts";
import { version2 } from "../ntlm-client.ts";
import { memberOf } from "./real-domain.ts";

const LOGONS = Number(process.env["POSTERN_STORM"] ?? 500);
const CLIENTS = 40;
/** What a client waits after "temporary", in milliseconds. */
const RETRY = 200;
/** A client that is still not served gives up. Milliseconds. */
const PATIENCE = 120_000;

interface Logon {
  readonly user: string;
  readonly password: string;
  readonly expected: string;
}

/** Of seven logons four are right, and the others wrong in three ways. */
function logonOf(index: number): Logon {
  const user = `user${index % 20}`;
  const right = { user, password: `password-${index % 20}`, expected: `accepted ${user}` };
  const wrongs: readonly Logon[] = [
    { user, password: "wrong", expected: "denied bad-credentials" },
    { user: `nobody${index}`, password: "wrong", expected: "unknown" },
    { user: "disabled", password: accountOf("disabled").password, expected: "denied disabled" },
  ];
  return index % 7 < 4 ? right : wrongs[(index % 7) - 4]!;
}

function ask(validator: Validator, { user, password }: Logon, byResponse: boolean): Promise<string> {
  if (byResponse) return byNtlm(validator, version2({ user, domain: "EXAMPLE", password }));
  return byPassword(validator, user, password);
}

interface Tally {
  done: number;
  temporary: number;
  readonly wrong: string[];
}

async function client(validator: Validator, indexes: Iterator<number>, tally: Tally): Promise<void> {
  for (let next = indexes.next(); !next.done; next = indexes.next()) {
    const logon = logonOf(next.value);
    for (const end = Date.now() + PATIENCE; ; await sleep(RETRY)) {
      const answer = await ask(validator, logon, next.value % 2 === 0);
      if (answer === "unavailable" && Date.now() < end) tally.temporary++;
      else {
        if (answer !== logon.expected) tally.wrong.push(`${logon.user}: ${answer} instead of ${logon.expected}`);
        break;
      }
    }
    tally.done++;
  }
}

function* upTo(limit: number): Generator<number> {
  for (let index = 0; index < limit; index++) yield index;
}

test(
  `${LOGONS} logons with the domain controller killed and started again in the middle: none is answered wrong`,
  { skip: withoutDomainController() },
  async (context: TestContext) => {
    const dc = await startDomainController();
    const member = memberOf(dc);
    const validator = member.validator({ connections: 2 });
    const tally: Tally = { done: 0, temporary: 0, wrong: [] };
    try {
      const indexes = upTo(LOGONS);
      const crowd = Promise.all(Array.from({ length: CLIENTS }, () => client(validator, indexes, tally)));
      while (tally.done < LOGONS / 3) await sleep(10);
      await dc.kill();
      const atKill = tally.done;
      await sleep(500);
      await dc.start();
      await crowd;
      assert.deepEqual(tally.wrong, []);
      assert.equal(tally.done, LOGONS);
      assert.ok(tally.temporary > 0 && atKill < LOGONS, "the outage came too late to be felt");
      context.diagnostic(`${atKill} before the end of the domain controller, ${tally.temporary} told to try again`);
    } finally {
      await validator.close?.();
      member.remove();
      await dc.close();
    }
  },
);
