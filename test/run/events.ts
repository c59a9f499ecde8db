/** Several runs of node's test runner told as one: their events in a row, their sums added up into one summary. */
import { run } from "node:test";
import type { TestFile } from "./files.ts";

export type TestEvent = { readonly type: string; readonly data: EventData };

interface EventData {
  readonly name?: string;
  readonly nesting?: number;
  readonly file?: string;
  readonly message?: string;
  /** The reason, or true without one. */
  readonly skip?: string | boolean;
}

export interface Stage {
  readonly files: readonly TestFile[];
  /** Files that run at the same time. */
  readonly concurrency: number;
}

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

/** A file that takes longer hangs. Milliseconds. */
const FILE_TIME = 300_000;

/** The lines that end node's report. */
const SUM = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

export class Report {
  readonly skipped: Skipped[] = [];
  readonly #sums = new Map<string, number>();

  /** Everything that happens, but for the sums. */
  async *events(stages: readonly Stage[]): AsyncGenerator<TestEvent> {
    for (const { files, concurrency } of stages) {
      if (files.length === 0) continue;
      const options = { files: files.map(({ path }) => path), concurrency, timeout: FILE_TIME };
      for await (const event of run(options) as AsyncIterable<TestEvent>) {
        if (this.#add(event) || event.type === "test:summary") continue;
        this.#noteSkipped(event);
        yield event;
      }
    }
  }

  /** As node ends its report. */
  summary(): TestEvent[] {
    const line = (message: string): TestEvent => ({ type: "test:diagnostic", data: { nesting: 0, message } });
    return [...this.#sums].map(([name, sum]) => line(`${name} ${sum}`));
  }

  get hasFailed(): boolean {
    const sum = (name: string): number => this.#sums.get(name) ?? 0;
    return sum("tests") === 0 || sum("fail") + sum("cancelled") > 0;
  }

  #add({ type, data }: TestEvent): boolean {
    if (type !== "test:diagnostic" || data.nesting !== 0) return false;
    const [, name, count] = SUM.exec(data.message ?? "") ?? [];
    if (name === undefined) return false;
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + Number(count));
    return true;
  }

  #noteSkipped({ type, data }: TestEvent): void {
    const { name = "", skip } = data;
    if (type !== "test:pass" || skip === undefined || skip === false) return;
    this.skipped.push({ name, why: skip === true || skip === "" ? "no reason given" : skip });
  }
}
