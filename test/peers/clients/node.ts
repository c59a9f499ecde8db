/** Clients from npm: imapflow (IMAP), nodemailer (SMTP) and node-pop3. NTLM and SCRAM nodemailer has from our adapter. */
import { readFileSync } from "node:fs";
import { ImapFlow } from "imapflow";
import Pop3Command from "node-pop3";
import { createTransport } from "nodemailer";
import { saslAuth } from "../../../src/library/nodemailer.ts";
import { takesToken, type Login, type Outcome } from "../login.ts";
import { ways, type Client } from "../client.ts";

function versionOf(name: string): string {
  return (JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")) as { version: string }).version;
}

/** Libraries throw what the command line programs say. */
async function outcome(visit: () => Promise<string>): Promise<Outcome> {
  try {
    return { isIn: true, mail: await visit(), said: "" };
  } catch (error) {
    return { isIn: false, mail: "", said: String((error as { responseText?: string }).responseText ?? error) };
  }
}

export const imapflow: Client = {
  name: "imapflow",
  version: versionOf("imapflow"),
  missing: false,
  ways: ways(["imap"], ["PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"], ["STARTTLS", "TLS"]),
  visit: ({ tls, host, port, ca, ...login }: Login) =>
    outcome(async () => {
      const client = new ImapFlow({
        ...{ host, port, secure: tls === "TLS", logger: false as const },
        ...(tls === "STARTTLS" && { doSTARTTLS: true }),
        auth: imapflowAuth(login),
        tls: { ca: readFileSync(ca) },
      });
      if (login.mechanism === "XOAUTH2") blindFor(client, "AUTH=OAUTHBEARER");
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
    }),
};

function imapflowAuth({ mechanism, user, password }: Pick<Login, "mechanism" | "user" | "password">) {
  if (mechanism === "PLAIN") return { user, pass: password, loginMethod: "AUTH=PLAIN" as const };
  if (mechanism === "LOGIN") return { user, pass: password, loginMethod: "LOGIN" as const };
  return { user, accessToken: password };
}

/** imapflow takes OAUTHBEARER where it sees it, and XOAUTH2 elsewhere; whatever it learns, this it does not see. */
function blindFor(client: ImapFlow, capability: string): void {
  let seen = client.capabilities;
  Object.defineProperty(client, "capabilities", {
    get: () => seen,
    set: (learnt: typeof seen) => (seen = new Map([...learnt].filter(([name]) => name !== capability))),
  });
}

export const nodemailer: Client = {
  name: "nodemailer",
  version: versionOf("nodemailer"),
  missing: false,
  ways: ways(["smtp"], ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"], ["STARTTLS", "TLS"]),
  visit: (login: Login) =>
    outcome(async () => {
      const { mechanism, tls, host, port, user, password, ca } = login;
      const transport = createTransport({
        ...{ host, port, secure: tls === "TLS", requireTLS: tls === "STARTTLS" },
        ...(takesToken(login)
          ? { auth: { type: "OAuth2", user, accessToken: password } }
          : { auth: { user, pass: password }, authMethod: mechanism }),
        tls: { ca: readFileSync(ca) },
      });
      await transport.sendMail({ envelope: { from: login.sender, to: login.recipient }, raw: login.message });
      return "";
    }),
};

export const nodemailerSasl: Client = {
  name: "postern/nodemailer",
  version: `in nodemailer ${versionOf("nodemailer")}`,
  missing: false,
  ntlm: "v2",
  ways: ways(["smtp"], ["NTLM", "SCRAM-SHA-256", "SCRAM-SHA-1"], ["none", "STARTTLS", "TLS"]),
  visit: ({ mechanism, tls, host, port, user, password, ca, ...login }: Login) =>
    outcome(async () => {
      const transport = createTransport({
        ...{ host, port, secure: tls === "TLS", requireTLS: tls === "STARTTLS", ignoreTLS: tls === "none" },
        ...{ customAuth: saslAuth(), auth: { type: "custom", method: mechanism, user, pass: password } },
        tls: { ca: readFileSync(ca) },
      });
      await transport.sendMail({ envelope: { from: login.sender, to: login.recipient }, raw: login.message });
      return "";
    }),
};

export const nodePop3: Client = {
  name: "node-pop3",
  version: versionOf("node-pop3"),
  missing: false,
  ways: ways(["pop3"], ["USER"], ["TLS"]),
  visit: ({ host, port, user, password, ca }: Login) =>
    outcome(async () => {
      const client = new Pop3Command({ host, port, user, password, tls: true, tlsOptions: { ca: readFileSync(ca) } });
      try {
        return await client.RETR(1);
      } finally {
        await client.QUIT();
      }
    }),
};
