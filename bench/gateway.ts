/** The gateway as the load generator starts it: a configuration from its environment, then `postern serve` as in production. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ntHash } from "../src/ntlm/hashes.ts";

const [firstPort = 23600] = process.argv.slice(2).map(Number);
const env = (name: string): string => process.env[name] ?? "";

const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
const users = join(folder, "users");
const accounts = readFileSync(env("BENCH_USERS"), "utf8").trim().split("\n");
const lines = accounts.map((line) => {
  const [name = "", password = ""] = line.split(":");
  return `${name}:{NT}${ntHash(password).toString("hex")}::::::domain=${env("BENCH_DOMAIN")}\n`;
});
writeFileSync(users, lines.join(""), { mode: 0o600 });

const listeners = [
  ["pop3", "pop3", "off"],
  ["imap", "imap", "off"],
  ["smtp", "smtp", "off"],
  ["pop3s", "pop3", "implicit"],
  ["imaps", "imap", "implicit"],
  ["smtps", "smtp", "implicit"],
].map(([name, protocol, tls], index) => {
  const bind = `127.0.0.1:${firstPort + index}`;
  return `  - { name: ${name}, protocol: ${protocol}, bind: "${bind}", tls: ${tls}, plaintext: allowed }`;
});

/** One address does all the work here: limits that count by address are raised, everything else is as in production. */
const config = `
server: { name: mail.bench.test, netbios: { domain: ${env("BENCH_DOMAIN")}, computer: MAIL } }
tls: [{ cert: ${env("BENCH_CERT_FILE")}, key: ${env("BENCH_KEY_FILE")} }]
listeners:
${listeners.join("\n")}
validators: { users: { type: file, path: ${users} } }
backends:
  sink:
    pop3: { host: 127.0.0.1, port: ${env("BENCH_SINK_POP3")}, tls: off }
    imap: { host: 127.0.0.1, port: ${env("BENCH_SINK_IMAP")}, tls: off }
    smtp: { host: 127.0.0.1, port: ${env("BENCH_SINK_SMTP")}, tls: off }
    logon: { method: account, user: "{mailbox}", password: "\${env:BENCH_BACKEND_PASS}" }
limits: { connections: { total: 20000, perAddress: 20000, waiting: 20000 } }
logging: { format: json, level: info }
`;
const path = join(folder, "config.yaml");
writeFileSync(path, config);

// The process itself becomes the service, so that nothing but the service is measured.
const main = new URL("../src/cli/main.js", import.meta.url).pathname;
const unit = readFileSync(new URL("../../systemd/postern.service", import.meta.url), "utf8");
const [, options = ""] = /^Environment=(NODE_OPTIONS=\S+)$/m.exec(unit) ?? [];
writeFileSync(join(folder, "start.sh"), `exec env ${options} ${process.execPath} ${main} serve ${path}\n`);
process.stdout.write(join(folder, "start.sh"));
