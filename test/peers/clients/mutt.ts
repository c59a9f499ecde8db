/** mutt: NTLMv1 and SCRAM of GNU SASL, PLAIN and LOGIN, in all three protocols, driven by pushed keys in a pseudo terminal. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Login, Outcome, Way } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run, versionOf, without } from "../programs.ts";

const SCHEMES = { pop3: "pop", imap: "imap", smtp: "smtp" };

/** IMAP's LOGIN command and POP3's USER/PASS are methods of mutt's, not SASL mechanisms. */
function method({ mechanism }: Way): string {
  return mechanism === "USER" ? "user" : mechanism.toLowerCase();
}

function settings(login: Login, url: string): string[] {
  const { protocol, tls, user, password, ca, room } = login;
  const name = protocol === "pop3" ? "pop" : protocol;
  return [
    `set ${name}_authenticators=${method(login)} ${name}_pass="${password}"`,
    ...(protocol === "smtp" ? [] : [`set ${name}_user=${user}`]),
    `set ssl_starttls=${tls === "STARTTLS" ? "yes" : "no"} ssl_force_tls=${tls === "none" ? "no" : "yes"}`,
    `set certificate_file="${ca}" ssl_usesystemcerts=no tmpdir="${room}" header_cache="" sleep_time=0`,
    `set from=${login.sender} realname="" use_from=yes use_envelope_from=yes copy=no wait_key=no`,
    ...(protocol === "smtp"
      ? [`set smtp_url="${url}"`]
      : [
          // A folder that is no IMAP server has to be a directory that exists, or mutt asks whether to make it.
          `set folder="${protocol === "imap" ? url : room}" spoolfile="${url}"`,
          "set move=no quit=yes delete=no pop_delete=no pipe_decode=no mail_check=60 mark_old=no",
          `push "<first-entry><pipe-message>cat > ${join(room, "got")}<enter><quit>"`,
        ]),
  ];
}

async function visit(login: Login): Promise<Outcome> {
  const { protocol, tls, host, port, user, room } = login;
  const rc = join(room, "muttrc");
  const scheme = SCHEMES[protocol] + (tls === "TLS" ? "s" : "");
  const url = `${scheme}://${protocol === "smtp" ? `${user}@` : ""}${host}:${port}/`;
  writeFileSync(rc, `${settings(login, url).join("\n")}\n`);
  const env = { HOME: room, TERM: "xterm" };
  if (protocol === "smtp") {
    const subject = /^Subject: (.*)\r$/m.exec(String(login.message))![1]!;
    const args = ["-n", "-F", rc, "-s", subject, login.recipient];
    const { code, said } = await run("mutt", args, { env, cwd: room, input: "Sent by mutt.\n" });
    return { isIn: code === 0, mail: "", said };
  }
  const got = join(room, "got");
  // script's shell leads the terminal's session. Did it stay beside `timeout`, mutt would be stopped as a background job.
  const command = `exec timeout --foreground 5 mutt -n -F ${rc} -f ${url}`;
  const { said } = await run("script", ["-qec", command, "/dev/null"], { env, cwd: room });
  const mail = existsSync(got) ? readFileSync(got, "latin1") : "";
  // mutt stays when it is refused, and its keys go nowhere: what counts is whether it could read.
  return { isIn: mail !== "", mail, said };
}

export const mutt: Client = {
  name: "mutt",
  version: versionOf("mutt", "-v"),
  missing: without("mutt", "script", "timeout"),
  ntlm: "v1",
  ways: [
    // mutt pauses for a second at many a message: not all combinations are tried.
    ...ways(["pop3", "imap", "smtp"], ["NTLM"], ["none"]),
    ...ways(["imap"], ["NTLM"], ["STARTTLS"]),
    ...ways(["pop3"], ["USER"], ["TLS"]),
    ...ways(["imap"], ["PLAIN", "SCRAM-SHA-256"], ["TLS"]),
    ...ways(["smtp"], ["LOGIN"], ["TLS"]),
  ],
  visit,
};
