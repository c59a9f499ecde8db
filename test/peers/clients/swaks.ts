/** swaks: NTLMv1 of Authen::NTLM, PLAIN, LOGIN and CRAM-MD5, over SMTP. */
import { spawnSync } from "node:child_process";
import type { Login, Outcome } from "../login.ts";
import { ways, type Client } from "../client.ts";
import { run, versionOf, without } from "../programs.ts";

async function visit({ mechanism, tls, host, port, user, password, ca, ...login }: Login): Promise<Outcome> {
  const args = [
    ...["--server", host, "--port", String(port), "--from", login.sender, "--to", login.recipient],
    ...["--auth", mechanism, "--auth-user", user, "--auth-password", password, "--ehlo", "client.example.com"],
    ...(tls === "none" ? [] : [tls === "TLS" ? "--tlsc" : "--tls", "--tls-verify", "--tls-ca-path", ca]),
    ...["--data", "-"],
  ];
  const { code, said } = await run("swaks", args, { input: login.message });
  return { isIn: code === 0, mail: "", said };
}

/** swaks loads what it needs as it goes: without these Perl modules it has neither NTLM nor TLS. */
function withoutModules(...modules: string[]): string | false {
  const missing = modules.filter((name) => spawnSync("perl", [`-M${name}`, "-e1"]).status !== 0);
  return missing.length > 0 && `not installed: the Perl modules ${missing.join(", ")}`;
}

export const swaks: Client = {
  name: "swaks",
  version: versionOf("swaks"),
  missing: without("swaks", "perl") || withoutModules("Authen::NTLM", "Net::SSLeay"),
  ntlm: "v1",
  ways: [
    ...ways(["smtp"], ["NTLM"], ["none", "STARTTLS"]),
    ...ways(["smtp"], ["CRAM-MD5"], ["none"]),
    ...ways(["smtp"], ["PLAIN", "LOGIN"], ["STARTTLS", "TLS"]),
  ],
  visit,
};
