/**
 * `npm run bench -- --netlogon`: what a whole NTLM logon by IMAP costs Postern when a domain controller judges it, beside
 * one that an account file judges, in one run of one `postern serve`. The domain controller is Samba's, on the same machine.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { NtlmClientOptions } from "../src/library/ntlm/client.ts";
import { startMailboxes } from "../src/sandbox/mailboxes.ts";
import { ntHash } from "../src/ntlm/hashes.ts";
import { Gateway } from "../test/peers/gateway.ts";
import { DOMAIN, startDomainController, withoutDomainController } from "../test/peers/samba-dc/domain-controller.ts";
import { logOnByNtlm } from "../test/support/ntlm-logon.ts";
import { memberOf } from "../test/validators/netlogon/real-domain.ts";
import { median } from "./micro/measure.ts";

const ROUNDS = 7;
/** Rounds before them: V8 compiles what has run some thousand times. */
const WARM_UP = 6;
const LOGONS = 400;
const CLIENTS = 8;
const USERS = Array.from({ length: 20 }, (_, index) => ({ user: `user${index}`, password: `password-${index}` }));
const MASTER = "bench-of-the-gateway";
/** proc_pid_stat(5): clock ticks a second, on every Linux that Node runs on. */
const TICKS = 100;

interface Round {
  /** Milliseconds of CPU, user and system, for each logon. */
  readonly cpu: number;
  /** Logons a second. */
  readonly rate: number;
}

/** The table in Markdown, or a sentence that says why there is none. About half a minute. */
export async function netlogonBenchmarks(): Promise<string> {
  const missing = withoutDomainController();
  if (missing) return `netlogon: not measured, ${missing}.\n`;
  pin(process.pid, 0);
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-netlogon-"));
  const [dc, mailboxes] = await Promise.all([
    startDomainController(),
    startMailboxes({ users: USERS.map(({ user }) => user), password: MASTER }),
  ]);
  const member = memberOf(dc);
  const accounts = USERS.map(({ user, password }) => `${user}:{NT}${ntHash(password).toString("hex")}\n`);
  writeFileSync(join(folder, "users"), accounts.join(""), { mode: 0o600 });
  const gateway = await Gateway.start(folder, configuration(dc.address, member.state, mailboxes.imap));
  pin(gateway.pid, 1);
  try {
    return await table(gateway);
  } finally {
    await gateway.stop();
    await mailboxes.close();
    member.remove();
    await dc.close();
    rmSync(folder, { recursive: true });
  }
}

/** Gateway and the rest each on a core of their own, as in the benchmark of gateways; domain controller and clients inherit theirs. */
function pin(pid: number, core: number): void {
  if (availableParallelism() > 1) execFileSync("taskset", ["-apc", `${core}`, `${pid}`], { stdio: "ignore" });
}

function configuration(controller: string, state: string, imap: number): object {
  const listener = (name: string) => ({ name, protocol: "imap", bind: "127.0.0.1:0", tls: "off", validator: name });
  const { netbios: domain, dns: dnsDomain } = DOMAIN;
  return {
    server: { name: "mail.example.com" },
    listeners: [listener("domain"), listener("users")],
    validators: {
      domain: {
        type: "netlogon",
        domain,
        dnsDomain,
        computer: "MAIL",
        state,
        nameServers: [controller],
        connections: 4,
      },
      users: { type: "file", path: "users" },
    },
    backends: {
      store: {
        imap: { host: "127.0.0.1", port: imap },
        logon: { method: "account", user: "{mailbox}", password: MASTER },
      },
    },
    limits: { connections: { perAddress: 1000 } },
    logging: { format: "json" },
  };
}

async function table(gateway: Gateway): Promise<string> {
  const rounds: { domain: Round; users: Round }[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const pair = { domain: await measure(gateway, "domain"), users: await measure(gateway, "users") };
    if (round >= 0) rounds.push(pair);
  }
  const of = (pick: (pair: { domain: Round; users: Round }) => number): string => median(rounds.map(pick)).toFixed(2);
  const row = (what: string, who: "domain" | "users"): string => {
    const share = of((pair) => (pair[who].cpu * pair[who].rate) / 10);
    const ratio = of((pair) => pair[who].cpu / pair.users.cpu);
    return `| ${what} | ${of((pair) => pair[who].cpu)} ms | **${ratio}** | ${of((pair) => pair[who].rate)} | ${share} % |`;
  };
  return [
    `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${ROUNDS} rounds of ${LOGONS} logons.`,
    "",
    "| a whole NTLM logon by IMAP, judged by | Postern's CPU | ratio | logons a second | Postern's share of a core |",
    "|---|---|---|---|---|",
    row("a domain controller, `netlogon`", "domain"),
    row("an account file, `file`", "users"),
    "",
  ].join("\n");
}

/** Throws when a logon fails. */
async function measure(gateway: Gateway, listener: string): Promise<Round> {
  const port = gateway.port(listener);
  const [before, began] = [cpuOf(gateway.pid), performance.now()];
  let left = LOGONS;
  const client = async (): Promise<void> => {
    while (left > 0) {
      const user = USERS[--left % USERS.length]!;
      await logOn(port, { ...user, domain: DOMAIN.netbios });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const seconds = (performance.now() - began) / 1000;
  return { cpu: (cpuOf(gateway.pid) - before) / LOGONS, rate: LOGONS / seconds };
}

/** Rejects unless it is let in. */
async function logOn(port: number, options: NtlmClientOptions): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  try {
    const answer = await logOnByNtlm({ line, send: (text) => void socket.write(text) }, options);
    if (!answer.startsWith("a1 OK")) throw new Error(answer);
  } finally {
    socket.destroy();
  }
}

/** Milliseconds of a process so far: proc_pid_stat(5), utime and stime, after the name in parentheses. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}
