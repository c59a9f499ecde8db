/** The guard of a running service: it locks over all sessions, `postern unlock` lets out, reloads and restarts forget nothing. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startMailboxes, type Mailboxes } from "../../src/sandbox/mailboxes.ts";
import { Gateway, postern } from "../peers/gateway.ts";
import { LOGGED_ON, logOn } from "../support/logon.ts";
import { dial } from "../support/talker.ts";

const MASTER = "staple-of-all-17";
const RIGHT = "correct-horse-41";
const folder = mkdtempSync(join(tmpdir(), "postern-guarded-"));
let mailboxes: Mailboxes;

before(async () => {
  mailboxes = await startMailboxes({ users: ["alice", "bob"], password: MASTER });
  writeFileSync(join(folder, "users"), `alice:{PLAIN}${RIGHT}\nbob:{PLAIN}${RIGHT}\n`, { mode: 0o600 });
});
after(async () => {
  await mailboxes.close();
  rmSync(folder, { recursive: true });
});

function configuration(guard: object = {}): object {
  return {
    listeners: [{ name: "pop3", protocol: "pop3", bind: "127.0.0.1:0", tls: "off", plaintext: "allowed" }],
    validators: { users: { type: "file", path: "users" } },
    backends: {
      store: {
        pop3: { host: "127.0.0.1", port: mailboxes.pop3 },
        logon: { method: "account", user: "{mailbox}", password: MASTER },
      },
    },
    guard: { state: "guard.jsonl", address: { free: 100, lock: 3 }, account: { free: 100 }, ...guard },
    limits: { failureDelay: "0s", drain: "0s" },
    logging: { format: "json", level: "debug" },
  };
}

/** Whether a session of its own is let in. */
async function logsOn(gateway: Gateway, user: string, password: string): Promise<boolean> {
  const talker = await dial(gateway.port("pop3"));
  const answer = await logOn(talker, "pop3", user, password);
  talker.destroy();
  return LOGGED_ON.pop3.test(answer);
}

test("three wrong passwords lock the address, over a reload and a restart, until postern unlock lets it out", async () => {
  let gateway = await Gateway.start(folder, configuration());
  const unlock = (...args: readonly string[]) => postern(["unlock", gateway.configPath, ...args]);
  try {
    for (const wrong of ["one", "two", "three"]) assert.equal(await logsOn(gateway, "alice", wrong), false);
    assert.equal(await logsOn(gateway, "bob", RIGHT), false, "everybody at this address");
    await gateway.logged("the lock", ({ message }) => message === "locked after too many failed logons");
    await gateway.logged("the refusal", ({ why }) => why === "locked after too many failures");

    await gateway.reload(configuration({ knownDays: 7 }));
    assert.equal(await logsOn(gateway, "alice", RIGHT), false, "after a reload");
    await gateway.stop();
    assert.doesNotMatch(readFileSync(join(folder, "guard.jsonl"), "utf8"), /three|correct/);
    gateway = await Gateway.start(folder, configuration());
    assert.equal(await logsOn(gateway, "alice", RIGHT), false, "after a restart");

    const list = await unlock("--list");
    assert.match(list.said, /^address +127\.0\.0\.1 +3 +/m);
    assert.equal((await unlock("--address", "127.0.0.1")).code, 0);
    assert.equal(await logsOn(gateway, "alice", RIGHT), true);
  } finally {
    await gateway.stop();
  }
});

test("a reload takes over the guard's rules, and can switch it off", async () => {
  rmSync(join(folder, "guard.jsonl"));
  const gateway = await Gateway.start(folder, configuration());
  try {
    for (const wrong of ["one", "two", "three"]) await logsOn(gateway, "alice", wrong);
    assert.equal(await logsOn(gateway, "alice", RIGHT), false);
    await gateway.reload(configuration({ enabled: false }));
    assert.equal(await logsOn(gateway, "alice", RIGHT), true);
    await gateway.reload(configuration({ trusted: ["127.0.0.0/8"] }));
    assert.equal(await logsOn(gateway, "bob", RIGHT), true);
  } finally {
    await gateway.stop();
  }
});
