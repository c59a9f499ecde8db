/** Collects what a vector expects against what was computed, and which expectations were looked at. */
import type { Values } from "./format.ts";

export class Comparison {
  readonly failures: string[] = [];
  /** Names of the expectations that a check knows, met or not. */
  readonly known = new Set<string>();
  readonly #expect: Values;

  constructor(expect: Values) {
    this.#expect = expect;
  }

  /** Bytes against hex; undefined against null. An expectation that the vector does not have is passed over. */
  bytes(name: string, actual: Uint8Array | undefined): void {
    this.value(name, actual === undefined ? null : Buffer.from(actual).toString("hex"));
  }

  value(name: string, actual: unknown): void {
    this.known.add(name);
    const expected = this.#expect[name];
    if (expected === undefined) return;
    const [wanted, got] = [JSON.stringify(expected), JSON.stringify(actual)];
    if (wanted !== got) this.fail(`${name}: expected ${wanted}, got ${got}`);
  }

  check(holds: boolean, complaint: string): void {
    if (!holds) this.fail(complaint);
  }

  fail(complaint: string): void {
    this.failures.push(complaint);
  }

  /** Expectations that say nothing which this room computes, or that are checked by other means. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.known.add(name);
  }

  /** Expectations that no check knows. */
  unknown(): string[] {
    return Object.keys(this.#expect).filter((name) => !this.known.has(name));
  }
}
