/**
 * A gateway does the same few things all day. V8 compiles a function well only when it has been called 3,000 times: the
 * first 15,000 logons after each start then cost half as much again as the later ones. Here it need not wait so long for
 * what is certain. (Not in NODE_OPTIONS, which does not take these; V8 looks at them each time, so that setting them now
 * is in time. Before V8 12, that is Node 22, there are none.)
 */
import { setFlagsFromString } from "node:v8";

const FIRST_V8 = 12;
const FLAGS = ["--invocation-count-for-maglev=100", "--invocation-count-for-turbofan=500"];

export function compileEarly(): void {
  if (Number.parseInt(process.versions.v8, 10) >= FIRST_V8) FLAGS.forEach(setFlagsFromString);
}
