/**
 * The command behind `npm test`: installs what the peer tests talk to (Debian, as root), runs every `*.test.ts` or those
 * that its arguments name, and ends with the table of clients, the skipped tests with their reasons and node's summary.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { Report, type Stage, type TestEvent } from "./run/events.ts";
import { findTests } from "./run/files.ts";
import { installPackages } from "./run/packages.ts";
import { clientTable, RESULTS } from "./run/table.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const isPeer = (source: string): boolean => source.startsWith("test/peers/");
/** Each file of these starts a dozen servers and hundreds of clients, which mostly wait: not more than three at a time. */
const PEERS_AT_ONCE = 3;

async function main(filters: readonly string[]): Promise<void> {
  const files = findTests(ROOT, filters);
  if (files.length === 0) {
    console.error(`no test file is named ${filters.join(" or ")}`);
    process.exitCode = 2;
    return;
  }
  if (files.some(({ source }) => isPeer(source) || /^test\/(sandbox|validators)\//.test(source)))
    installPackages(console.log);
  // Stack traces of tests name lines of the sources.
  process.execArgv.push("--enable-source-maps");
  const stages = [
    { files: files.filter(({ source }) => !isPeer(source)), concurrency: availableParallelism() },
    { files: files.filter(({ source }) => isPeer(source)), concurrency: PEERS_AT_ONCE },
  ];
  const folder = mkdtempSync(join(tmpdir(), "postern-run-"));
  process.env[RESULTS] = join(folder, "results");
  try {
    const report = new Report();
    await pipeline(Readable.from(story(report, stages)), new spec(), process.stdout, { end: false });
    process.exitCode = report.hasFailed ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function* story(report: Report, stages: readonly Stage[]): AsyncGenerator<TestEvent> {
  yield* report.events(stages);
  const table = clientTable(readResults());
  if (table !== undefined) yield printed(`\n${table}\n`);
  yield printed(listSkipped(report));
  yield* report.summary();
}

function readResults(): string[] {
  const path = process.env[RESULTS]!;
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

function listSkipped({ skipped }: Report): string {
  if (skipped.length === 0) return "\nNo test was skipped.\n";
  return `\nSkipped:\n${skipped.map(({ name, why }) => `- ${name}: ${why}\n`).join("")}`;
}

/** The reporter passes on what tests print. */
function printed(message: string): TestEvent {
  return { type: "test:stdout", data: { message } };
}

await main(process.argv.slice(2));
