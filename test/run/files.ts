/** Which test files there are. */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

export interface TestFile {
  /** From the root: `test/wire/door.test.ts`. */
  readonly source: string;
  /** Compiled, absolute. */
  readonly path: string;
}

/**
 * Compiled tests below `root`, by name; with filters those whose source path holds one of them. What has no source any
 * more is a leftover of an earlier build.
 */
export function findTests(root: string, filters: readonly string[]): TestFile[] {
  const dist = join(root, "dist");
  const names = readdirSync(join(dist, "test"), { recursive: true, encoding: "utf8" });
  const compiled = names.filter((name) => name.endsWith(".test.js")).map((name) => join(dist, "test", name));
  return compiled
    .map((path) => ({ path, source: relative(dist, path).replace(/\.js$/, ".ts") }))
    .filter(({ source }) => existsSync(join(root, source)))
    .filter(({ source }) => filters.length === 0 || filters.some((filter) => source.includes(filter)))
    .sort((a, b) => (a.source < b.source ? -1 : 1));
}
