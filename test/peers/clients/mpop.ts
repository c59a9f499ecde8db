/** mpop: NTLMv1, SCRAM and CRAM-MD5 of GNU SASL, PLAIN, LOGIN, USER/PASS, OAUTHBEARER and XOAUTH2, over POP3. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Login, Outcome } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run, versionOf, without } from "../programs.ts";

async function visit({ mechanism, tls, host, port, user, password, ca, room }: Login): Promise<Outcome> {
  const [rc, got] = [join(room, "mpoprc"), join(room, "got")];
  const settings = [
    "account default",
    ...[`host ${host}`, `port ${port}`, `auth ${mechanism.toLowerCase()}`, `user ${user}`, `password ${password}`],
    ...(tls === "none" ? ["tls off"] : ["tls on", `tls_starttls ${tls === "STARTTLS" ? "on" : "off"}`]),
    ...[`tls_trust_file ${ca}`, "keep on", `delivery mbox ${got}`, `uidls_file ${join(room, "uidls")}`],
  ];
  writeFileSync(rc, `${settings.join("\n")}\n`, { mode: 0o600 });
  const { code, said } = await run("mpop", ["--debug", `--file=${rc}`]);
  return { isIn: code === 0, mail: existsSync(got) ? readFileSync(got, "latin1") : "", said };
}

export const mpop: Client = {
  name: "mpop",
  version: versionOf("mpop"),
  missing: without("mpop"),
  ntlm: "v1",
  ways: [
    ...ways(["pop3"], ["NTLM", "SCRAM-SHA-256"], ["none", "STARTTLS"]),
    ...ways(["pop3"], ["SCRAM-SHA-1", "CRAM-MD5"], ["none"]),
    ...ways(["pop3"], ["PLAIN", "LOGIN", "USER"], ["STARTTLS", "TLS"]),
    ...ways(["pop3"], ["OAUTHBEARER", "XOAUTH2"], ["STARTTLS"]),
  ],
  visit,
};
