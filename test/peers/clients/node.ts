/** Clients from npm: imapflow (IMAP), nodemailer (SMTP) and node-pop3. None of them speaks NTLM. */
import { readFileSync } from "node:fs";
import { ImapFlow } from "imapflow";
import Pop3Command from "node-pop3";
import { createTransport } from "nodemailer";
import type { Login, Outcome } from "../login.ts";
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
  ways: ways(["imap"], ["PLAIN", "LOGIN"], ["STARTTLS", "TLS"]),
  visit: ({ mechanism, tls, host, port, user, password, ca }: Login) =>
    outcome(async () => {
      const loginMethod = mechanism === "PLAIN" ? ("AUTH=PLAIN" as const) : ("LOGIN" as const);
      const client = new ImapFlow({
        ...{ host, port, secure: tls === "TLS", logger: false as const },
        ...(tls === "STARTTLS" && { doSTARTTLS: true }),
        auth: { user, pass: password, loginMethod },
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
    }),
};

export const nodemailer: Client = {
  name: "nodemailer",
  version: versionOf("nodemailer"),
  missing: false,
  ways: ways(["smtp"], ["PLAIN", "LOGIN"], ["STARTTLS", "TLS"]),
  visit: ({ mechanism, tls, host, port, user, password, ca, ...login }: Login) =>
    outcome(async () => {
      const transport = createTransport({
        ...{ host, port, secure: tls === "TLS", requireTLS: tls === "STARTTLS", authMethod: mechanism },
        auth: { user, pass: password },
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
