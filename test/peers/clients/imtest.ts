/**
 * Cyrus' imtest, pop3test and smtptest, the clients of Cyrus SASL: SCRAM, CRAM-MD5, NTLMv1 without an LM response, PLAIN and
 * LOGIN. They name the user to act as (RFC 5801's authzid) beside the user who logs on.
 */
import { existsSync } from "node:fs";
import type { Login, Outcome } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run } from "../programs.ts";
import { packageVersion } from "./debian.ts";

/** Where Debian puts them. */
const FOLDER = "/usr/lib/cyrus/bin";
const LINGER = 2_000;
const PROGRAMS = { pop3: "pop3test", imap: "imtest", smtp: "smtptest" };

async function visit(login: Login): Promise<Outcome> {
  const { protocol, mechanism, tls, host, port, user, password } = login;
  const args = [
    ...["-p", String(port), "-u", user, "-a", user, "-w", password, "-m", mechanism],
    // STARTTLS without a certificate of its own. It looks at the server's, says what is wrong with it, and goes on.
    ...(tls === "STARTTLS" ? ["-t", ""] : []),
    ...(tls === "TLS" ? ["-s"] : []),
    host,
  ];
  // At the end of its input it leaves without waiting for answers; after QUIT and LOGOUT the server ends the session.
  const { said } = await run(`${FOLDER}/${PROGRAMS[protocol]}`, args, {
    input: INPUT[protocol](login),
    linger: LINGER,
  });
  // Its exit code is 0 also where it was refused; then it passes on what is typed all the same.
  const isIn = /^Authenticated\.\r?$/m.test(said);
  return { isIn, mail: protocol === "smtp" ? "" : said, said };
}

const INPUT: Readonly<Record<Login["protocol"], (login: Login) => string>> = {
  pop3: () => "RETR 1\r\nQUIT\r\n",
  imap: () => ". SELECT INBOX\r\n. FETCH 1 BODY[]\r\n. LOGOUT\r\n",
  smtp: ({ sender, recipient, message }) =>
    [`MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`, "DATA", `${String(message)}.`, "QUIT", ""].join("\r\n"),
};

export const imtest: Client = {
  name: "Cyrus imtest",
  version: packageVersion("cyrus-clients"),
  missing: !existsSync(`${FOLDER}/imtest`) && "not installed: imtest",
  ntlm: "v1",
  ways: [
    ...ways(["pop3", "imap", "smtp"], ["NTLM", "SCRAM-SHA-256"], ["none", "STARTTLS"]),
    ...ways(["pop3", "smtp"], ["SCRAM-SHA-256"], ["TLS"]),
    ...ways(["pop3", "imap", "smtp"], ["SCRAM-SHA-1", "CRAM-MD5"], ["none"]),
    ...ways(["imap"], ["PLAIN"], ["STARTTLS"]),
  ],
  visit,
};
