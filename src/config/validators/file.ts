/** Validator `file` in config.yaml: accounts in a text file. */
import { resolve } from "node:path";
import { z } from "zod";
import type { Surroundings } from "../certificates.ts";
import { count, text } from "../scalars.ts";

export const fileSchema = z.strictObject({
  type: z.literal("file").describe("Accounts in a text file, see `postern user`."),
  path: text().describe("The file, relative to this file's folder. It is read again when it changes."),
  worker: z
    .strictObject({ concurrency: count(1, 16).default(1), queue: count(1, 100_000).default(256) })
    .prefault({})
    .describe("Threads that check slow password hashes, and how many checks may wait for them."),
});

export interface FileValidatorConfig {
  readonly name: string;
  readonly type: "file";
  /** Absolute. */
  readonly path: string;
  readonly worker: { readonly concurrency: number; readonly queue: number };
}

export function completeFile(
  name: string,
  parsed: z.output<typeof fileSchema>,
  { folder }: Surroundings,
): FileValidatorConfig {
  return { name, ...parsed, path: resolve(folder, parsed.path) };
}
