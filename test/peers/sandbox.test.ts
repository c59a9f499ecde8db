/** The same clients against `postern sandbox`, which has its own mailboxes: no configuration, nothing else running. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assertHidden } from "../observe/courses.ts";
import { inWords, type Client } from "./client.ts";
import { curl } from "./clients/curl.ts";
import { fetchmail } from "./clients/fetchmail.ts";
import { gsasl } from "./clients/gsasl.ts";
import { imtest } from "./clients/imtest.ts";
import { mpop } from "./clients/mpop.ts";
import { msmtp } from "./clients/msmtp.ts";
import { imapflow, nodemailer, nodemailerSasl, nodePop3 } from "./clients/node.ts";
import { swaks } from "./clients/swaks.ts";
import { MAIN } from "./gateway.ts";
import { reasonFor, takesToken, type Login, type Outcome, type Way } from "./login.ts";
import { isForSandbox, note } from "./matrix.ts";
import { eventually, LOOPBACK, run, Running, without } from "./programs.ts";

// mutt has its own tests with the sandbox's mailboxes.
const CLIENTS: readonly Client[] = [
  ...[curl, fetchmail, gsasl, imtest, mpop, msmtp, swaks, imapflow, nodemailer, nodemailerSasl, nodePop3],
];
const PASSWORDS = { alice: "Kestrel-41-Heron", bob: "Plover-77-Godwit" };
/** Neither a password nor a token. */
const WRONG = "Dodo-00-Nobody-9";

interface Event {
  readonly event: string;
  readonly [key: string]: unknown;
}

const folder = mkdtempSync(join(tmpdir(), "postern-sandbox-"));
let sandbox!: Running;
let ports!: Readonly<Record<string, number>>;
/** Alice's. */
let accessToken!: string;

before(async () => {
  const accounts = Object.entries(PASSWORDS).flatMap(([user, password]) => ["--user", `EXAMPLE\\${user}:${password}`]);
  const anyPort = ["pop3", "imap", "smtp", "pop3s", "imaps", "smtps"].flatMap((name) => [`--${name}`, "0"]);
  sandbox = new Running(process.execPath, [MAIN, "sandbox", "--json", ...anyPort, ...accounts]);
  const ready = await eventually("the sandbox's ready line", () => events()[0]);
  assert.equal(ready.event, "ready");
  ports = ready["ports"] as typeof ports;
  accessToken = (ready["accounts"] as readonly { user: string; token: string }[]).find(
    ({ user }) => user === "alice",
  )!.token;
  writeFileSync(join(folder, "ca.pem"), ready["certificate"] as string);
});
after(async () => {
  await sandbox?.stop();
  rmSync(folder, { recursive: true });
});

function events(from = 0): Event[] {
  const lines = sandbox.said.split("\n").slice(0, -1);
  return lines.slice(from).map((line) => JSON.parse(line) as Event);
}

async function visit(client: Client, way: Way, password: string): Promise<Outcome & { token: string; verdict: Event }> {
  const token = randomBytes(8).toString("hex");
  const [room, from] = [join(folder, token), events().length];
  mkdirSync(room);
  const login: Login = {
    ...way,
    ...{ host: LOOPBACK, port: ports[way.tls === "TLS" ? `${way.protocol}s` : way.protocol]! },
    ...{ user: "alice", password, ca: join(folder, "ca.pem"), room, token },
    ...{ sender: "alice@example.com", recipient: "bob@example.com" },
    message: `From: alice@example.com\r\nTo: bob@example.com\r\nSubject: ${token}\r\n\r\nSent by ${client.name}.\r\n`,
  };
  const outcome = await client.visit(login);
  const verdict = await eventually(`a verdict; the client said ${outcome.said}`, () => verdictOf(events(from)));
  return { ...outcome, token, verdict };
}

/** Of a session that is new: an earlier client may have tried a second time when it was no longer waited for. */
function verdictOf(seen: readonly Event[]): Event | undefined {
  const opened = new Set(seen.filter(({ event }) => event === "connected").map(({ session }) => session));
  return seen.find(({ event, session }) => event === "verdict" && opened.has(session));
}

/** Searches bob's inbox. */
async function hasArrived(token: string): Promise<boolean> {
  const url = `imaps://${LOOPBACK}:${ports["imaps"]}/INBOX?SUBJECT%20${token}`;
  const args = ["--silent", "--show-error", "--cacert", join(folder, "ca.pem"), "--user", `bob:${PASSWORDS.bob}`, url];
  const { stdout, said } = await run("curl", args);
  const found = /^\* SEARCH(.*)$/m.exec(stdout.toString("latin1"));
  assert.ok(found, said);
  return found[1]!.trim() !== "";
}

for (const client of CLIENTS) {
  describe(`${client.name} ${client.version} in the sandbox`, { skip: client.missing || without("curl") }, () => {
    for (const way of client.ways)
      test(`${client.name} gets in by ${inWords(way)} with the right password only`, async () => {
        const secret = takesToken(way) ? accessToken : PASSWORDS.alice;
        const { isIn, mail, said, token, verdict } = await visit(client, way, secret);
        assert.ok(isIn, said);
        assert.deepEqual([verdict["result"], verdict["mechanism"], verdict["user"]], ["entered", way.mechanism, "alice"]); // prettier-ignore
        if (way.protocol === "smtp") await eventually("the mail", async () => (await hasArrived(token)) || undefined);
        else if (mail !== undefined) assert.match(mail, /You are reading the mail of "alice"/);
        const refused = await visit(client, way, WRONG);
        assert.ok(!refused.isIn, refused.said);
        assert.deepEqual([refused.verdict["result"], refused.verdict["mechanism"]], ["denied", way.mechanism]);
        assert.match(String(refused.verdict["why"]), reasonFor(way));
        // The table's other rows come from the same clients with real servers behind.
        if (isForSandbox(way)) note(client, way);
      });
  });
}

test("nothing that the sandbox prints shows a password, a token or a response to crack", () => {
  const [, ...printed] = events();
  assert.ok(printed.some(({ event }) => event === "line"));
  assertHidden(printed, [...Object.values(PASSWORDS), WRONG, accessToken]);
});
