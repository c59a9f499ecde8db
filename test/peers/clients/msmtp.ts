/** msmtp: NTLMv1, SCRAM and CRAM-MD5 of GNU SASL, PLAIN, LOGIN, OAUTHBEARER and XOAUTH2, over SMTP. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Login, Outcome } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run, versionOf, without } from "../programs.ts";

async function visit(login: Login): Promise<Outcome> {
  const { mechanism, tls, host, port, user, password, ca, room } = login;
  const rc = join(room, "msmtprc");
  const settings = [
    "account default",
    ...[`host ${host}`, `port ${port}`, `auth ${mechanism.toLowerCase()}`, `user ${user}`, `password ${password}`],
    ...(tls === "none" ? ["tls off"] : ["tls on", `tls_starttls ${tls === "STARTTLS" ? "on" : "off"}`]),
    ...[`tls_trust_file ${ca}`, `from ${login.sender}`],
  ];
  writeFileSync(rc, `${settings.join("\n")}\n`, { mode: 0o600 });
  const { code, said } = await run("msmtp", ["--debug", `--file=${rc}`, login.recipient], { input: login.message });
  return { isIn: code === 0, mail: "", said };
}

export const msmtp: Client = {
  name: "msmtp",
  version: versionOf("msmtp"),
  missing: without("msmtp"),
  ntlm: "v1",
  ways: [
    ...ways(["smtp"], ["NTLM", "SCRAM-SHA-256"], ["none", "STARTTLS"]),
    ...ways(["smtp"], ["SCRAM-SHA-1", "CRAM-MD5"], ["none"]),
    ...ways(["smtp"], ["PLAIN", "LOGIN"], ["STARTTLS", "TLS"]),
    ...ways(["smtp"], ["OAUTHBEARER", "XOAUTH2"], ["STARTTLS"]),
  ],
  visit,
};
