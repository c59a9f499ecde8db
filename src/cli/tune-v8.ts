/**
 * V8 is made for pages and scripts; a gateway does the same few things all day. Not in NODE_OPTIONS, which does not take
 * these; V8 looks at them each time, so that setting them now is in time.
 */
import { setFlagsFromString } from "node:v8";

/**
 * A function is compiled well only when it has been called 3,000 times: the first 15,000 logons after each start then cost
 * half as much again as the later ones. What is certain need not wait for so long. Since V8 12.
 */
const COMPILE_EARLY = ["--invocation-count-for-maglev=100", "--invocation-count-for-turbofan=500"];

const HEAP = [
  // Sessions that are held teach V8 that what a logon makes lives long: it is then made in the old space from the start,
  // where all logons that follow leave 2 KiB each, and only a look through the whole heap finds that they are over.
  "--no-allocation-site-pretenuring",
  // The program itself is nearly all that lives, and looking through it takes as long as 300 logons. It is done when the
  // heap has doubled, and not each time that it has grown by a tenth.
  "--heap-growing-percent=100",
  // After a while without work the space for young objects is made small, and grows again only by twofold steps: the next
  // thousands of logons would collect it every few milliseconds.
  "--semi-space-growth-factor=16",
];

/**
 * Where nobody logs on for a while, V8 forgets how: of functions not called for some collections it drops all it has made,
 * and with the last object of a shape it throws away the shape and each function compiled for it. The next 5,000 logons
 * then compile as much as they log on. Code and shapes of a program that never changes are few: they are kept.
 */
const REMEMBER = ["--no-flush-bytecode", "--retain-maps-for-n-gc=1000000000"];
/** The collections that V8 makes when it has nothing to do go on, but without throwing shapes away. Since V8 13. */
const REMEMBER_WHEN_IDLE = "--no-memory-reducer-favors-memory";

export function tuneV8(): void {
  const version = Number.parseInt(process.versions.v8, 10);
  const flags = [...HEAP, ...REMEMBER];
  if (version >= 12) flags.push(...COMPILE_EARLY);
  if (version >= 13) flags.push(REMEMBER_WHEN_IDLE);
  for (const flag of flags) setFlagsFromString(flag);
}
