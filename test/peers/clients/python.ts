/** Python's mail libraries with python3-ntlm-auth: the one client here that sends a MIC and channel bindings. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ways, type Client } from "../client.ts";
import type { Login, Outcome } from "../login.ts";
import { run } from "../programs.ts";

const SCRIPT = fileURLToPath(new URL("../../../../test/peers/clients/ntlm_auth_client.py", import.meta.url));
/** Debian's own: another Python would not see Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** MD4 is in OpenSSL's legacy provider, which has to be asked for. */
const LEGACY = `openssl_conf = init
[init]
providers = providers
[providers]
default = on
legacy = on
[on]
activate = 1
`;

export interface Oddities {
  /** LmCompatibilityLevel: 0 LM and NTLMv1, 1 and 2 NTLMv1 with extended session security, 3 NTLMv2. */
  readonly level?: 0 | 1 | 2 | 3;
  readonly bindings?: "right" | "wrong" | "none";
  readonly mic?: "right" | "wrong";
  readonly domain?: string;
}

export async function visitByPython(login: Login, oddities: Oddities = {}): Promise<Outcome> {
  const config = join(login.room, "openssl.cnf");
  writeFileSync(config, LEGACY);
  const input = JSON.stringify({ ...login, ...oddities });
  const { code, stdout, said } = await run(PYTHON, [SCRIPT], { input, env: { OPENSSL_CONF: config } });
  return { isIn: code === 0, mail: stdout.toString("latin1"), said };
}

function version(): string {
  const found = spawnSync("dpkg-query", ["-W", "-f", "${Version}", "python3-ntlm-auth"], { encoding: "utf8" });
  return found.status === 0 ? found.stdout : "";
}

function missing(): string | false {
  const { status } = spawnSync(PYTHON, ["-c", "import ntlm_auth"]);
  return status !== 0 && "not installed: the Python module ntlm_auth";
}

export const python: Client = {
  name: "python3-ntlm-auth",
  version: version(),
  missing: missing(),
  ntlm: "v2",
  ways: ways(["pop3", "imap", "smtp"], ["NTLM"], ["none", "STARTTLS", "TLS"]),
  visit: (login) => visitByPython(login),
};
