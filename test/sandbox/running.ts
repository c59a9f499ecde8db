/** Running mailboxes for a test, and what the tests send through them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Mailboxes, type MailboxesOptions, startMailboxes } from "../../src/sandbox/mailboxes.ts";

export const PASSWORD = "the master password";
export const LOCALHOST = "127.0.0.1";

/** Mailboxes of alice and bob; they end with the test, and the test fails where a session met an error it did not expect. */
export async function runMailboxes(t: TestContext, options: Partial<MailboxesOptions> = {}): Promise<Mailboxes> {
  const faults: unknown[] = [];
  const onFault = (fault: unknown): void => void faults.push(fault);
  const mailboxes = await startMailboxes({ users: ["alice", "bob"], password: PASSWORD, onFault, ...options });
  t.after(async () => {
    await mailboxes.close();
    assert.deepEqual(faults, [], "a session met an error it did not expect");
  });
  return mailboxes;
}

/** Lines with CRLF at each end. */
export function lines(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\r\n`).join(""), "utf8");
}

/** Everything that transports like to spoil: dots at line starts, 8-bit text, trailing blanks, "From ", empty last lines. */
export const TRICKY_MESSAGE = lines(
  "Date: Mon, 05 Jan 2026 10:00:00 +0100",
  "From: Alice <alice@example.com>",
  "To: bob@example.com",
  "Subject: Dots",
  "\tand folds",
  "Message-ID: <tricky@example.com>",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=utf-8",
  "Content-Transfer-Encoding: 8bit",
  "",
  ".",
  "..",
  ".a line that begins with a dot",
  "Grüße, 漢字, and trailing blanks  \t ",
  "From here it goes on",
  "x".repeat(990),
  "",
  "",
);

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end; its output and error output together. */
export function run(
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Finished> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => (output += text.toString("latin1")));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Whether the program is on this machine. */
export async function isInstalled(program: string): Promise<boolean> {
  return (await run("sh", ["-c", `command -v ${program}`])).code === 0;
}

/** A directory that goes with the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "postern-sandbox-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
