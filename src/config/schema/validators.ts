/** `validators:`, who judges logons: one shape for each kind. */
import { z } from "zod";
import { count, text } from "../scalars.ts";

const fileValidatorSchema = z.strictObject({
  type: z.literal("file").describe("Accounts in a text file, see `postern user`."),
  path: text().describe("The file, relative to this file's folder. It is read again when it changes."),
  worker: z
    .strictObject({ concurrency: count(1, 16).default(1), queue: count(1, 100_000).default(256) })
    .prefault({})
    .describe("Threads that check slow password hashes, and how many checks may wait for them."),
});

export const validatorSchema = z.discriminatedUnion("type", [fileValidatorSchema]);
