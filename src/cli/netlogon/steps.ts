/** Steps one after another, each with its time and what came of it; printed as they end, and kept for JSON. */
import { printable } from "../../observe/printable.ts";

export interface Step {
  /** Empty for what concerns all. */
  readonly controller: string;
  readonly step: string;
  readonly ok: boolean;
  readonly milliseconds: number;
  readonly result: string;
}

const COLUMN = 20;

export class Steps {
  readonly all: Step[] = [];
  readonly #print: ((line: string) => void) | undefined;
  #controller = "";

  constructor(print: ((line: string) => void) | undefined) {
    this.#print = print;
  }

  /** Its value, told in words; undefined where it failed. */
  async take<T>(
    controller: string,
    step: string,
    act: () => T | Promise<T>,
    inWords: (value: T) => string,
  ): Promise<T | undefined> {
    const began = performance.now();
    try {
      const value = await act();
      this.#note({ controller, step, ok: true, milliseconds: performance.now() - began, result: inWords(value) });
      return value;
    } catch (error) {
      const result = error instanceof Error ? error.message : String(error);
      this.#note({ controller, step, ok: false, milliseconds: performance.now() - began, result });
      return undefined;
    }
  }

  remark(controller: string, result: string): void {
    this.#note({ controller, step: "note", ok: true, milliseconds: 0, result });
  }

  #note(step: Step): void {
    this.all.push({ ...step, milliseconds: Math.round(step.milliseconds * 10) / 10 });
    if (step.controller !== this.#controller) this.#print?.(printable(step.controller));
    this.#controller = step.controller;
    const indent = step.controller === "" ? "" : "  ";
    const name = printable(`${indent}${step.step}`).padEnd(COLUMN);
    const time = `${step.milliseconds.toFixed(1)} ms`.padStart(10);
    this.#print?.(`${name}${time}  ${step.ok ? "" : "FAILED: "}${printable(step.result)}`);
  }
}
