/**
 * curl: NTLMv2 (without a MIC), PLAIN, LOGIN, CRAM-MD5 and OAUTHBEARER, in all three protocols; XOAUTH2 only where no
 * OAUTHBEARER is offered, and no SCRAM.
 */
import { takesToken, type Login, type Outcome } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run, versionOf, without } from "../programs.ts";

const PATHS = { pop3: "/1", imap: "/INBOX;MAILINDEX=1", smtp: "/client.example.com" };

/** `interfaceAddress`: the address to come from, any in 127.0.0.0/8. */
export async function visitByCurl(login: Login, interfaceAddress?: string): Promise<Outcome> {
  const { protocol, mechanism, tls, host, port, user, password, ca } = login;
  const scheme = tls === "TLS" ? `${protocol}s` : protocol;
  const sending = ["--mail-from", login.sender, "--mail-rcpt", login.recipient, "--upload-file", "-"];
  const args = [
    ...["--silent", "--show-error", "--verbose", "--max-time", "20", "--cacert", ca],
    ...(takesToken(login) ? ["--user", user, "--oauth2-bearer", password] : ["--user", `${user}:${password}`]),
    ...["--login-options", `AUTH=${mechanism}`],
    ...(interfaceAddress === undefined ? [] : ["--interface", interfaceAddress]),
    ...(tls === "STARTTLS" ? ["--ssl-reqd"] : []),
    ...(protocol === "smtp" ? sending : []),
    `${scheme}://${host}:${port}${PATHS[protocol]}`,
  ];
  const { code, stdout, said } = await run("curl", args, { input: login.message });
  return { isIn: code === 0, mail: stdout.toString("latin1"), said };
}

const ALL = ["none", "STARTTLS", "TLS"] as const;
const ENCRYPTED = ["STARTTLS", "TLS"] as const;

export const curl: Client = {
  name: "curl",
  version: versionOf("curl"),
  missing: without("curl"),
  ntlm: "v2",
  ways: [
    ...ways(["pop3", "imap", "smtp"], ["NTLM"], ALL),
    ...ways(["pop3", "imap", "smtp"], ["PLAIN", "LOGIN", "OAUTHBEARER"], ENCRYPTED),
    ...ways(["pop3", "imap", "smtp"], ["CRAM-MD5"], ["none", "TLS"]),
  ],
  visit: (login) => visitByCurl(login),
};
