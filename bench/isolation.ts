/**
 * What isolation gives and what it costs: IMAP logons at a quick validator, through a gateway, while another validator of
 * the same gateway needs 6 s for each answer or hangs; and microseconds of CPU that the bulkheads and the guard add to a
 * verdict.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "../src/core/secret.ts";
import type { Validator } from "../src/core/validator.ts";
import type { Verdict } from "../src/core/verdict.ts";
import type { Visit } from "../src/core/visit.ts";
import { Gateway } from "../src/gateway.ts";
import { Guard } from "../src/guard/guard.ts";
import { guarded } from "../src/guard/guarded.ts";
import { DEFAULT_RULES } from "../src/guard/rules.ts";
import { silentLog } from "../src/observe/log.ts";
import { startMailboxes } from "../src/sandbox/mailboxes.ts";
import { accountsValidator } from "../src/validators/file/file.ts";
import { isolated } from "../src/validators/isolation/isolated.ts";
import { configOf } from "../test/support/config.ts";
import { compare, hereAwaited, median, type Effort } from "./micro/measure.ts";

export interface IsolationRow {
  readonly what: string;
  /** Milliseconds of a logon, or microseconds of CPU. */
  readonly unit: "ms" | "us";
  readonly median: number;
  /** The slowest but one in twenty; undefined for CPU. */
  readonly p95: number | undefined;
}

/** More than a validator is asked at once. */
const CROWD = 90;
const LOGONS = 200;
const SLOW = 6_000;
const NAMES = { netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", domainJoined: true };
const log = (): void => undefined;

/** About a quarter of a minute. */
export async function isolationRows(logons = LOGONS): Promise<readonly IsolationRow[]> {
  return [...(await beside(logons)), ...(await costs())];
}

/** The rows as a table in Markdown. */
export async function isolationBenchmarks(): Promise<string> {
  const all = await isolationRows();
  const rows = all.map(({ what, unit, median, p95 }) => {
    const [first] = all.filter((each) => each.unit === unit);
    const late = p95 === undefined ? "-" : `${p95.toFixed(2)} ${unit}`;
    return `| ${what} | **${(median / first!.median).toFixed(2)}** | ${median.toFixed(2)} ${unit} | ${late} |`;
  });
  const when = `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}.`;
  return [when, "", "| what | ratio | median | 95 % are below |", "|---|---|---|---|", ...rows, ""].join("\n");
}

const accounts = (name: string): Validator => accountsValidator({ name, text: "alice:{PLAIN}secret\n", names: NAMES });

async function beside(logons: number): Promise<IsolationRow[]> {
  const mailboxes = await startMailboxes({ users: ["alice"], password: "secret" });
  const gateway = await start(mailboxes.imap);
  const port = (name: string): number => gateway.ports.get(name)!;
  const crowd: Socket[] = [];
  try {
    await timesAt(port("quick"), 50);
    const rows = [row("a logon, nothing else going on", await timesAt(port("quick"), logons))];
    for (const other of ["slow", "hung"]) {
      for (let each = 0; each < CROWD; each += 1) void logOn(port(other), crowd).catch(() => undefined);
      await sleep(200);
      const what = other === "slow" ? "needs 6 s for each answer" : "hangs";
      rows.push(
        row(`a logon while another validator ${what}, ${CROWD} waiting for it`, await timesAt(port("quick"), logons)),
      );
    }
    return rows;
  } finally {
    for (const socket of crowd) socket.destroy();
    await gateway.stop();
    await mailboxes.close();
  }
}

async function start(port: number): Promise<Gateway> {
  const slow: Validator = {
    name: "slow",
    password: async (evidence, visit) => {
      await sleep(SLOW, undefined, { ref: false });
      return accounts("slow").password!(evidence, visit);
    },
  };
  const hung: Validator = { name: "hung", password: () => new Promise<Verdict>(() => undefined) };
  const each = [accounts("quick"), slow, hung].map((validator) => isolated(validator, { log }));
  const validators = new Map(each.map((validator) => [validator.name, validator]));
  const config = configOf({
    listeners: [...validators.keys()].map((name) => ({ name, validator: name, plaintext: "allowed" })),
    backends: { store: { imap: { host: "127.0.0.1", port }, logon: { method: "password" } } },
    limits: { connections: { perAddress: 2000 } },
  });
  return Gateway.start(config, { log: silentLog, validators: () => Promise.resolve(validators) });
}

async function timesAt(port: number, logons: number): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < logons; count += 1) times.push(await logOn(port));
  return times;
}

/** Milliseconds from the command to its answer. Rejects unless it is OK. */
async function logOn(port: number, open: Socket[] = []): Promise<number> {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => undefined);
  open.push(socket);
  const lines = createInterface(socket);
  try {
    await once(lines, "line");
    const started = performance.now();
    socket.write("a LOGIN alice secret\r\n");
    const [answer] = (await once(lines, "line")) as [string];
    if (!answer.startsWith("a OK")) throw new Error(answer);
    return performance.now() - started;
  } finally {
    lines.close();
    socket.destroy();
  }
}

function row(what: string, times: readonly number[]): IsolationRow {
  const sorted = times.toSorted((a, b) => a - b);
  return { what, unit: "ms", median: median(times), p95: sorted[Math.floor(sorted.length * 0.95)] };
}

const VISIT: Visit = {
  id: "bench",
  protocol: "imap",
  listener: "bench",
  client: { address: "127.0.0.1", port: 1 },
  secure: true,
  channelBinding: undefined,
  tls: undefined,
};

/** The validator itself does nothing, so that what is around it can be seen at all. */
export async function costs(effort?: Effort): Promise<IsolationRow[]> {
  const identity = { user: "alice", mailbox: "alice", groups: [], attributes: {} };
  const bare: Validator = { name: "bare", password: () => Promise.resolve({ kind: "accepted", identity }) };
  const inside = isolated(bare, { log });
  const guard = new Guard({ rules: DEFAULT_RULES, log });
  const behind = guarded(inside, guard);
  const evidence = { username: "alice", password: new Secret("secret") };
  const figures = await compare(
    [
      hereAwaited("a verdict, bare", () => bare.password!(evidence, VISIT)),
      hereAwaited("the same, isolated", () => inside.password!(evidence, VISIT)),
      hereAwaited("the same, isolated and guarded", () => behind.password!(evidence, VISIT)),
    ],
    effort,
  );
  return figures.map(({ name, each }) => ({ what: name, unit: "us", median: each, p95: undefined }));
}
