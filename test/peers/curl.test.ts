/** curl: NTLMv2 (without a MIC), PLAIN, LOGIN and USER/PASS, in all three protocols. */
import { testClient, ways, type Login, type Outcome } from "./matrix.ts";
import { run, versionOf, without } from "./programs.ts";

const ALL = ["none", "STARTTLS", "TLS"] as const;
const ENCRYPTED = ["STARTTLS", "TLS"] as const;

/** What curl calls bare names and passwords, which are no SASL mechanism. */
const BARE = "+LOGIN";
const PATHS = { pop3: "/1", imap: "/INBOX;MAILINDEX=1", smtp: "/client.example.com" };

async function visit(login: Login): Promise<Outcome> {
  const { protocol, mechanism, tls, host, port, user, password, ca } = login;
  const scheme = tls === "TLS" ? `${protocol}s` : protocol;
  const sending = ["--mail-from", login.sender, "--mail-rcpt", login.recipient, "--upload-file", "-"];
  const args = [
    ...["--silent", "--show-error", "--verbose", "--max-time", "20", "--cacert", ca],
    ...["--user", `${user}:${password}`, "--login-options", `AUTH=${mechanism === "USER" ? BARE : mechanism}`],
    ...(tls === "STARTTLS" ? ["--ssl-reqd"] : []),
    ...(protocol === "smtp" ? sending : []),
    `${scheme}://${host}:${port}${PATHS[protocol]}`,
  ];
  const { code, stdout, said } = await run("curl", args, { input: login.message });
  return { isIn: code === 0, mail: stdout.toString("latin1"), said };
}

testClient({
  name: "curl",
  version: versionOf("curl"),
  missing: without("curl"),
  ntlm: "v2",
  ways: [
    ...ways(["pop3", "imap", "smtp"], ["NTLM"], ALL),
    ...ways(["pop3", "imap", "smtp"], ["PLAIN", "LOGIN"], ENCRYPTED),
  ],
  visit,
});
