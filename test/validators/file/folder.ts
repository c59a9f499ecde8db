/** A folder of its own for each test file, an account file in it, and the log as a list. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../../src/validators/file/log.ts";

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "postern-accounts-"));
}

export function accountFile(folder: string, text: string, name = "users"): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

export function listLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: (level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`), lines };
}
