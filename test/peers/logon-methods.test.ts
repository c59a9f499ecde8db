/** How Postern logs on at the servers behind: each method, over each kind of TLS, with XCLIENT and without. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ProtocolName } from "../../src/core/visit.ts";
import { visitByCurl } from "./clients/curl.ts";
import { arrival, inbox, loginAt, type Outcome, type Way, type Who } from "./login.ts";
import { eventually, LOOPBACK, without } from "./programs.ts";
import { MASTER, openWorld, SHARED, withoutWorld, type Configuration, type Servers, type World } from "./world.ts";

const PROTOCOLS: readonly ProtocolName[] = ["pop3", "imap", "smtp"];
const BY_MASTER = { method: "master", ...MASTER };

/** The servers behind, reached in clear. */
function servers({ dovecot, postfix }: Servers, more: object = {}): object {
  const at = (port: number): object => ({ host: LOOPBACK, port, ...more });
  return { imap: at(dovecot.ports.imap), pop3: at(dovecot.ports.pop3), smtp: at(postfix.ports.submission) };
}

/** The same under TLS from the first byte. */
function securely({ dovecot, postfix }: Servers, more: object): object {
  const at = (port: number): object => ({ host: LOOPBACK, port, tls: "implicit", ...more });
  return { imap: at(dovecot.ports.imaps), pop3: at(dovecot.ports.pop3s), smtp: at(postfix.ports.submissions) };
}

/** The certificate behind is for this name, and signs itself. */
const KNOWN = { ca: "behind.pem", serverName: "backend.example.com" };

function backends(behind: Servers): Record<string, object> {
  const { postfix } = behind;
  const xclient = { host: LOOPBACK, port: postfix.ports.xclient, xclient: true };
  return {
    own: { ...servers(behind), logon: { method: "password" } },
    master: { ...servers(behind), logon: BY_MASTER },
    authzid: { ...servers(behind), logon: { method: "authzid", ...MASTER } },
    shared: { ...servers(behind), logon: { method: "account", user: "{mailbox}", password: SHARED } },
    each: { ...servers(behind), logon: { method: "account", user: "{mailbox}", passwordAttribute: "backpw" } },
    starttls: { ...servers(behind, { tls: "starttls", ...KNOWN }), logon: BY_MASTER },
    implicit: { ...securely(behind, KNOWN), logon: BY_MASTER },
    stranger: { ...securely(behind, { ...KNOWN, ca: "cert.pem" }), logon: BY_MASTER },
    misnamed: { ...servers(behind, { tls: "starttls", ca: "behind.pem" }), logon: BY_MASTER },
    xclient: { ...servers(behind), smtp: xclient, logon: BY_MASTER },
    unasked: { ...servers(behind), smtp: { ...xclient, port: postfix.ports.submission }, logon: BY_MASTER },
    wrongmaster: { ...servers(behind), logon: { ...BY_MASTER, password: "not-the-master-09" } },
  };
}

/** For each backend NAME a listener of each protocol, `NAME-pop3` and so on, under TLS. */
function adapt(config: Configuration, behind: Servers): object {
  const all = backends(behind);
  const names = Object.keys(all);
  const listeners = names.flatMap((name) =>
    PROTOCOLS.map((protocol) => ({
      ...{ name: `${name}-${protocol}`, protocol, bind: `${LOOPBACK}:0`, tls: "implicit" },
      // Where the client's own password is wanted, NTLM has none to give.
      mechanisms: name === "own" ? ["PLAIN"] : ["NTLM"],
    })),
  );
  const routes = names.map((name) => ({
    when: { listener: PROTOCOLS.map((protocol) => `${name}-${protocol}`) },
    backend: name,
  }));
  return { ...config, listeners, backends: all, routes };
}

/** What the server said, in curl's verbose output. */
function served(said: string): string {
  return said.match(/^< .*$/gm)!.join("\n");
}

describe("logon methods", { skip: without("curl") || withoutWorld() }, () => {
  let world!: World;
  before(async () => void (world = await openWorld(adapt)));
  after(() => world?.close());

  async function visit(backend: string, protocol: ProtocolName, who: Who = {}, from?: string) {
    const way: Way = { protocol, mechanism: backend === "own" ? "PLAIN" : "NTLM", tls: "TLS" };
    const login = loginAt(world, `${backend}-${protocol}`, way, who);
    const records = world.gateway.records.length;
    const outcome = await visitByCurl(login, from);
    const record = await world.gateway.logged(
      outcome.said,
      ({ listener }) => listener === `${backend}-${protocol}`,
      records,
    );
    return { ...outcome, record, token: login.token };
  }

  for (const [backend, words, who] of [
    ["own", "the client's own password", { user: "carol" }],
    ["master", "Dovecot's master user", {}],
    ["authzid", "an authorization identity", {}],
    ["shared", "the account and a password that all share", {}],
    ["each", "the account and its own password from an attribute", {}],
    ["starttls", "a master user after STARTTLS", {}],
    ["implicit", "a master user under TLS", {}],
  ] as const) {
    for (const protocol of PROTOCOLS) {
      test(`${protocol.toUpperCase()} behind is entered by ${words}`, async () => {
        const { isIn, said, mail, token } = await visit(backend, protocol, who);
        assert.ok(isIn, `not let in: ${said}\n${world.gateway.said}`);
        const user = "user" in who ? who.user : "alice";
        if (protocol === "smtp") assert.match(String(await arrival(world, token)), new RegExp(`^From: ${user}@`, "m"));
        else assert.match(mail!, new RegExp(`Only ${user} reads this\\.`));
      });
    }
  }

  const LATER = { pop3: /-ERR \[SYS\/TEMP\]/, imap: /NO \[UNAVAILABLE\]/, smtp: /454 4\.7\.0/ };

  for (const [backend, words, why] of [
    ["stranger", "a certificate of an authority that is not ours", /self-signed certificate|certificate/],
    ["misnamed", "a certificate for another name", /127\.0\.0\.1/],
    ["wrongmaster", "a wrong master password", /refused/],
  ] as const) {
    for (const protocol of PROTOCOLS) {
      test(`${protocol.toUpperCase()}: ${words} is "try later" for the client and a reason in the log`, async () => {
        const { isIn, said, record, token } = await visit(backend, protocol);
        assert.ok(!isIn);
        assert.match(said, LATER[protocol]);
        assert.doesNotMatch(served(said), /127\.0\.0\.1|certificate|master|backend/);
        assert.match(String(record["why"]), why);
        assert.equal(record["level"], "warn");
        assert.equal(inbox(world, token), undefined);
      });
    }
  }

  test("a password that is right here and wrong behind is our fault, not the client's", async () => {
    const { isIn, said, record } = await visit("own", "imap", { user: "alice" });
    assert.ok(!isIn);
    assert.match(said, LATER.imap);
    assert.equal(record["result"], "refused");
  });

  test("an account without the attribute cannot be entered, and the log says so", async () => {
    const { isIn, said, record } = await visit("each", "pop3", { user: "carol" });
    assert.ok(!isIn);
    assert.match(said, LATER.pop3);
    assert.match(String(record["why"]), /attribute/);
  });

  /** Postfix's view of the sender, from the Received header and its log. */
  async function sendFrom(backend: string, address: string): Promise<{ said: Outcome["said"]; received: string }> {
    const { isIn, said, token } = await visit(backend, "smtp", {}, address);
    assert.ok(isIn, `not sent: ${said}\n${world.gateway.said}\n${world.postfix.log()}`);
    const received = /^Received: (?:.*\n)(?:[ \t].*\n)*/m.exec(String(await arrival(world, token)))![0];
    return { said, received };
  }

  test("XCLIENT tells Postfix who the client is: its address, name and user", async () => {
    const { received } = await sendFrom("xclient", "127.0.0.42");
    assert.match(received, /from client\.example\.com \(.*\[127\.0\.0\.42\]\)/);
    assert.match(received, /Authenticated sender: alice/);
    await eventually("the client in Postfix's log", () => /client=.*\[127\.0\.0\.42\].*sasl_username=alice/.exec(world.postfix.log()) ?? undefined); // prettier-ignore
  });

  test("without XCLIENT Postfix sees Postern and the user", async () => {
    const { received } = await sendFrom("master", "127.0.0.43");
    assert.match(received, /\[127\.0\.0\.1\]/);
    assert.match(received, /Authenticated sender: alice/);
    assert.doesNotMatch(received, /127\.0\.0\.43/);
  });

  test("where Postfix offers no XCLIENT, Postern logs on without it", async () => {
    const { received } = await sendFrom("unasked", "127.0.0.44");
    assert.match(received, /Authenticated sender: alice/);
    assert.doesNotMatch(received, /127\.0\.0\.44/);
  });
});
