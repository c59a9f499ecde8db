/** Programs that refuse to be root, or should not be: started as another user where the tests are root. */
import { chownSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { run, type Ran } from "./programs.ts";

const isRoot = process.getuid?.() === 0;

/** The program to start instead, and what goes before its arguments; the same process becomes the program. */
export function asUser(
  user: string | undefined,
  program: string,
): readonly [program: string, before: readonly string[]] {
  if (user === undefined || !isRoot) return [program, []];
  const { uid, gid } = idsOf(user);
  // The signal is set anew, as changing the user has cleared it.
  const changed = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--pdeathsig", "TERM"];
  return ["setpriv", [...changed, "--", program]];
}

/** Throws Error with what it said when it fails. */
export async function runAs(user: string | undefined, program: string, args: readonly string[]): Promise<Ran> {
  const [command, before] = asUser(user, program);
  const ran = await run(command, [...before, ...args]);
  if (ran.code !== 0) throw new Error(`${program} has failed: ${ran.said}`);
  return ran;
}

export function handOver(path: string, user: string): void {
  if (!isRoot) return;
  const { uid, gid } = idsOf(user);
  chownSync(path, uid, gid);
}

function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(spawnSync("id", [flag, user], { encoding: "utf8" }).stdout);
  return { uid: id("-u"), gid: id("-g") };
}
