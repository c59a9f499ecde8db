/** Mail clients with access tokens: imapflow, nodemailer and curl through Postern to Dovecot and Postfix, tokens from oidc-provider. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { ImapFlow } from "imapflow";
import { createTransport } from "nodemailer";
import type { ProtocolName } from "../../src/core/visit.ts";
import { AUDIENCE, AuthorizationServer, RESOURCE_SERVER } from "./authorization-server.ts";
import { arrival, inbox, loginAt, type Login } from "./login.ts";
import { LOOPBACK, run, without } from "./programs.ts";
import { openWorld, withoutWorld, type Configuration, type World } from "./world.ts";

const MECHANISMS = ["OAUTHBEARER", "XOAUTH2"] as const;
type BearerMechanism = (typeof MECHANISMS)[number];
const PROTOCOLS: readonly ProtocolName[] = ["pop3", "imap", "smtp"];

/** Listeners `imap-XOAUTH2` and so on, under TLS; OAUTHBEARER is judged by signature, XOAUTH2 by asking. */
function adapt(server: AuthorizationServer): (config: Configuration) => object {
  const { issuer, introspection: endpoint } = server;
  const validators = {
    OAUTHBEARER: { type: "oauth", issuer, audience: AUDIENCE, scope: "mail" },
    XOAUTH2: { type: "oauth", scope: "mail", introspection: { endpoint, ...RESOURCE_SERVER, cache: "0s" } },
  };
  const listeners = MECHANISMS.flatMap((mechanism) =>
    PROTOCOLS.map((protocol) => ({
      ...{ name: `${protocol}-${mechanism}`, protocol, bind: `${LOOPBACK}:0`, tls: "implicit" },
      ...{ validator: mechanism, mechanisms: [mechanism] },
    })),
  );
  return (config) => ({ ...config, listeners, validators });
}

async function byImapflow({ host, port, user, ca }: Login, accessToken: string): Promise<string> {
  const client = new ImapFlow({
    ...{ host, port, secure: true, logger: false as const },
    auth: { user, accessToken },
    tls: { ca: readFileSync(ca) },
  });
  // A broken connection is reported by the call that waits for it; the event would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.mailboxOpen("INBOX", { readOnly: true });
    const first = await client.fetchOne("1", { source: true });
    await client.logout();
    return first ? first.source!.toString("latin1") : "";
  } finally {
    client.close();
  }
}

function byNodemailer(login: Login, accessToken: string): Promise<unknown> {
  const transport = createTransport({
    ...{ host: login.host, port: login.port, secure: true },
    auth: { type: "OAuth2", user: login.user, accessToken },
    tls: { ca: readFileSync(login.ca) },
  });
  return transport.sendMail({ envelope: { from: login.sender, to: login.recipient }, raw: login.message });
}

const PATHS = { pop3: "/1", imap: "/INBOX;MAILINDEX=1", smtp: "/client.example.com" };

async function byCurl(
  login: Login,
  mechanism: BearerMechanism,
  token: string,
): Promise<{ code: number | null; mail: string }> {
  const { protocol, user, ca } = login;
  const sending = ["--mail-from", login.sender, "--mail-rcpt", login.recipient, "--upload-file", "-"];
  const args = [
    ...["--silent", "--show-error", "--max-time", "20", "--cacert", ca, "--user", user],
    ...["--oauth2-bearer", token, "--login-options", `AUTH=${mechanism}`, ...(protocol === "smtp" ? sending : [])],
    `${protocol}s://${login.host}:${login.port}${PATHS[protocol]}`,
  ];
  const { code, stdout } = await run("curl", args, { input: login.message });
  return { code, mail: stdout.toString("latin1") };
}

describe("clients with access tokens", { skip: withoutWorld() }, () => {
  let world!: World;
  let server!: AuthorizationServer;
  before(async () => {
    server = await AuthorizationServer.start();
    world = await openWorld(adapt(server));
  });
  after(async () => {
    await world?.close();
    await server?.stop();
  });

  const login = (protocol: ProtocolName, mechanism: BearerMechanism): Login =>
    // The way's mechanism is for clients with passwords.
    loginAt(world, `${protocol}-${mechanism}`, { protocol, mechanism: "PLAIN", tls: "TLS" });
  const tokenFor = (mechanism: BearerMechanism, user: "alice" | "bob" = "alice", scope = "mail"): Promise<string> =>
    server.token(user, mechanism === "XOAUTH2" ? "opaque" : "jwt", scope);

  for (const mechanism of MECHANISMS) {
    test(`imapflow reads alice's mail by ${mechanism}`, async () => {
      const mail = await byImapflow(login("imap", mechanism), await tokenFor(mechanism));
      assert.match(mail, /Only alice reads this/);
    });

    test(`imapflow is shown why ${mechanism} failed, and the log says more, but never the token`, async () => {
      const from = world.gateway.records.length;
      for (const [token, shown, logged] of [
        [await tokenFor(mechanism, "alice", "calendar"), /insufficient_scope|401/, /lacks the scope mail/],
        [await tokenFor(mechanism, "bob"), /insufficient_scope|401/, /another user's/],
        ["stale-t0ken", /invalid_token|400/, /not a signed JWT|not active/],
      ] as const) {
        await assert.rejects(byImapflow(login("imap", mechanism), token), (error: { oauthError?: object }) => {
          assert.match(JSON.stringify(error.oauthError), shown);
          return true;
        });
        await world.gateway.logged("the refusal", (record) => logged.test(JSON.stringify(record)), from);
        assert.ok(!world.gateway.said.includes(token));
      }
    });

    test(`curl is let in by ${mechanism} in all three protocols`, { skip: without("curl") }, async () => {
      for (const protocol of PROTOCOLS) {
        const visit = login(protocol, mechanism);
        const { code, mail } = await byCurl(visit, mechanism, await tokenFor(mechanism));
        assert.equal(code, 0, `${protocol} ${mechanism}`);
        if (protocol === "smtp") assert.match((await arrival(world, visit.token)).toString(), /Sent by alice/);
        else assert.match(mail, /alice/);
      }
    });

    test(
      `curl is refused by ${mechanism} with a stale token in all three protocols`,
      { skip: without("curl") },
      async () => {
        for (const protocol of PROTOCOLS) {
          const { code } = await byCurl(login(protocol, mechanism), mechanism, "stale-t0ken");
          // 67: the login was denied; 56 and 55 where curl takes the error challenge for broken.
          assert.ok([67, 56, 55].includes(code ?? 0), `${protocol} ${mechanism}: ${code}`);
        }
      },
    );
  }

  test("nodemailer sends by XOAUTH2, and nothing goes out with a stale token", async () => {
    const good = login("smtp", "XOAUTH2");
    await byNodemailer(good, await tokenFor("XOAUTH2"));
    assert.match((await arrival(world, good.token)).toString(), /Sent by alice/);
    const bad = login("smtp", "XOAUTH2");
    await assert.rejects(byNodemailer(bad, "stale-t0ken"), /535|Can't create new access token/);
    assert.equal(inbox(world, bad.token), undefined);
  });

  test("while the authorization server is down clients hear of a temporary failure", async () => {
    const token = await tokenFor("XOAUTH2");
    await server.stop();
    try {
      await assert.rejects(byNodemailer(login("smtp", "XOAUTH2"), token), /454/);
    } finally {
      await server.listen();
    }
    await byNodemailer(login("smtp", "XOAUTH2"), token);
  });
});
