/** fetchmail: NTLMv1 with an LM response and CRAM-MD5, over POP3 and IMAP; passwords under TLS (USER/PASS, IMAP LOGIN). */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Login, Outcome, Tls } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run, versionOf, without } from "../programs.ts";

const TLS: Readonly<Record<Tls, string>> = {
  none: "sslproto ''",
  STARTTLS: "sslproto 'TLS1.2+' sslcertck",
  TLS: "ssl sslproto 'TLS1.2+' sslcertck",
};

/** A host name: fetchmail looks for no addresses in certificates. */
const HOST = "localhost";

async function visit({ protocol, mechanism, tls, port, user, password, ca, room }: Login): Promise<Outcome> {
  const [rc, got] = [join(room, "fetchmailrc"), join(room, "got")];
  const auth = mechanism === "NTLM" || mechanism === "CRAM-MD5" ? mechanism.toLowerCase() : "password";
  const settings = [
    `poll ${HOST} protocol ${protocol} service ${port} auth ${auth}`,
    `user "${user}" password "${password}" ${TLS[tls]} sslcertfile "${ca}"`,
    `keep fetchall no rewrite mda "cat >> ${got}"`,
  ];
  writeFileSync(rc, `${settings.join("\n")}\n`, { mode: 0o600 });
  const args = ["--verbose", "--nosyslog", "--fetchmailrc", rc, "--idfile", join(room, "ids")];
  const { code, said } = await run("fetchmail", args, { env: { FETCHMAILHOME: room, HOME: room } });
  return { isIn: code === 0, mail: existsSync(got) ? readFileSync(got, "latin1") : "", said };
}

export const fetchmail: Client = {
  name: "fetchmail",
  version: versionOf("fetchmail"),
  missing: without("fetchmail"),
  ntlm: "v1",
  ways: [
    ...ways(["pop3", "imap"], ["NTLM"], ["none", "STARTTLS"]),
    ...ways(["pop3", "imap"], ["CRAM-MD5"], ["none"]),
    ...ways(["pop3"], ["USER"], ["STARTTLS", "TLS"]),
    ...ways(["imap"], ["LOGIN"], ["STARTTLS", "TLS"]),
  ],
  visit,
};
