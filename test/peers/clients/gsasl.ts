/**
 * GNU SASL's own client: NTLMv1, SCRAM with channel binding and without, CRAM-MD5, PLAIN and LOGIN, over IMAP and SMTP; the
 * pickiest of all about the blanks in challenges.
 */
import type { Login, Outcome } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run, versionOf, without } from "../programs.ts";

async function visit({ protocol, mechanism, tls, host, port, user, password, ca, ...login }: Login): Promise<Outcome> {
  const args = [
    ...[`--${protocol}`, "--connect", `${host}:${port}`, "--mechanism", mechanism],
    // The realm is asked for where NTLM could use one, even if there is no terminal.
    ...["--authentication-id", user, "--password", password, "--realm", "EXAMPLE", "--verbose"],
    ...(tls === "none" ? ["--no-starttls"] : ["--starttls", `--x509-ca-file=${ca}`]),
    // It has the binding of its TLS connection at hand, and then refuses to do without the -PLUS form.
    ...(mechanism === "SCRAM-SHA-256" ? ["--no-cb"] : []),
  ];
  const input = protocol === "imap" ? READ : send(login);
  const { code, said } = await run("gsasl", args, { input, linger: 500 });
  // It shows answers a line or two at a time, and leaves the rest unread when its input ends.
  return { isIn: code === 0, mail: undefined, said };
}

/** What is typed after the logon goes to the server line by line. */
const READ = "a SELECT INBOX\n";

function send({ sender, recipient, message }: Pick<Login, "sender" | "recipient" | "message">): string {
  const lines = [
    `MAIL FROM:<${sender}>`,
    `RCPT TO:<${recipient}>`,
    "DATA",
    ...String(message).split("\r\n"),
    ".",
    "QUIT",
    "",
  ];
  return lines.join("\n");
}

export const gsasl: Client = {
  name: "gsasl",
  version: versionOf("gsasl"),
  missing: without("gsasl"),
  ntlm: "v1",
  ways: [
    ...ways(["imap", "smtp"], ["NTLM", "SCRAM-SHA-256", "CRAM-MD5"], ["none"]),
    ...ways(["imap", "smtp"], ["PLAIN", "LOGIN", "SCRAM-SHA-256-PLUS"], ["STARTTLS"]),
    ...ways(["imap"], ["SCRAM-SHA-1"], ["none"]),
    ...ways(["imap"], ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256"], ["STARTTLS"]),
  ],
  visit,
};
