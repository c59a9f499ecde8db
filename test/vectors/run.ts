/** `npm run vectors -- FILE.json`: runs any file of test vectors, a line for each failure and the sum at the end. */
import { checkVector } from "./kinds.ts";
import { readVectors, VectorFileError, type Vector } from "./format.ts";

const DEFAULT_FILE = "test/vectors/vectors-public.json";

/** Prints to standard output and gives the exit code: 0, 1 with failures, 2 when the file is no vector file. */
function run(path: string): number {
  const vectors = load(path);
  if (vectors === undefined) return 2;
  let [passed, failed] = [0, 0];
  const skipped = new Map<string, number>();
  for (const vector of vectors) {
    const outcome = checkVector(vector);
    if (outcome.kind === "skipped") skipped.set(outcome.why, (skipped.get(outcome.why) ?? 0) + 1);
    else if (outcome.failures.length === 0) passed += 1;
    else {
      failed += 1;
      console.log(`FAILED ${vector.id} (${vector.kind}): ${outcome.failures.join("; ")}`);
    }
  }
  for (const [why, count] of skipped) console.log(`skipped ${count}: ${why}`);
  const skippedCount = [...skipped.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${passed} passed, ${failed} failed, ${skippedCount} skipped`);
  return failed === 0 ? 0 : 1;
}

function load(path: string): readonly Vector[] | undefined {
  try {
    return readVectors(path);
  } catch (error) {
    if (!(error instanceof VectorFileError)) throw error;
    console.error(`vectors: ${error.message}`);
    return undefined;
  }
}

process.exitCode = run(process.argv[2] ?? DEFAULT_FILE);
