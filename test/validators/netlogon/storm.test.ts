/**
 * A crowd of IMAP clients logs on through a gateway while the domain controller is killed and started again: each gets the
 * right answer, or is told to come again. POSTERN_STORM is the number of logons; 2,000 unless said otherwise.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isolated } from "../../../src/validators/isolation/isolated.ts";
import { accountOf, startDomainController, withoutDomainController } from "../../peers/samba-dc/domain-controller.ts";
import { openEchoBackend } from "../../support/echo-backend.ts";
import { startGateway, type RunningGateway } from "../../support/gateway.ts";
import { logOn } from "../../support/logon.ts";
import { logOnByNtlm } from "../../support/ntlm-logon.ts";
import { memberOf } from "./real-domain.ts";

const LOGONS = Number(process.env["POSTERN_STORM"] ?? 2000);
const CLIENTS = 40;
/** What a client waits after "temporary", in milliseconds. */
const RETRY = 200;
/** A client that is still not served gives up. Milliseconds. */
const PATIENCE = 120_000;

const IN = "a1 OK";
const REFUSED = "a1 NO [AUTHENTICATIONFAILED]";
const LATER = "a1 NO [UNAVAILABLE]";

interface Logon {
  readonly user: string;
  readonly password: string;
  readonly expected: typeof IN | typeof REFUSED;
}

/** Of seven logons four are right, and the others wrong in three ways. */
function logonOf(index: number): Logon {
  const user = `user${index % 20}`;
  const right = { user, password: `password-${index % 20}`, expected: IN } as const;
  const wrongs: readonly Logon[] = [
    { user, password: "wrong", expected: REFUSED },
    { user: `nobody${index}`, password: "wrong", expected: REFUSED },
    { user: "disabled", password: accountOf("disabled").password, expected: REFUSED },
  ];
  return index % 7 < 4 ? right : wrongs[(index % 7) - 4]!;
}

/** Every second one by NTLM; what the gateway answered. */
async function ask(gateway: RunningGateway, { user, password }: Logon, index: number): Promise<string> {
  const talker = await gateway.dial();
  try {
    if (index % 2 === 0) return await logOnByNtlm(talker, { user, domain: "EXAMPLE", password });
    return await logOn(talker, "imap", user, password);
  } finally {
    talker.destroy();
  }
}

interface Tally {
  done: number;
  temporary: number;
  readonly wrong: string[];
}

async function client(gateway: RunningGateway, indexes: Iterator<number>, tally: Tally): Promise<void> {
  for (let next = indexes.next(); !next.done; next = indexes.next()) {
    const logon = logonOf(next.value);
    for (const end = Date.now() + PATIENCE; ; await sleep(RETRY)) {
      const answer = await ask(gateway, logon, next.value);
      if (answer.startsWith(LATER) && Date.now() < end) tally.temporary++;
      else {
        if (!answer.startsWith(logon.expected)) tally.wrong.push(`${logon.user}: ${answer}`);
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
    const [dc, backend] = await Promise.all([startDomainController(), openEchoBackend("imap")]);
    const member = memberOf(dc);
    const pieces = {
      listeners: [{ protocol: "imap", plaintext: "allowed" }],
      backends: storeAt(backend.port),
    } as const;
    const validator = isolated(member.validator(), { log: () => undefined });
    const gateway = await startGateway(pieces, { validator });
    const tally: Tally = { done: 0, temporary: 0, wrong: [] };
    try {
      const indexes = upTo(LOGONS);
      const crowd = Promise.all(Array.from({ length: CLIENTS }, () => client(gateway, indexes, tally)));
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
      await gateway.stop();
      backend.close();
      member.remove();
      await dc.close();
    }
  },
);

function storeAt(port: number): Readonly<Record<string, object>> {
  const logon = { method: "account", user: "{mailbox}", password: "secret" };
  return { store: { imap: { host: "127.0.0.1", port }, logon } };
}
