/** Versions of programs that do not tell theirs. */
import { spawnSync } from "node:child_process";

/** The upstream version of a Debian package; empty where there is none. */
export function packageVersion(name: string): string {
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f", "${Version}", name], { encoding: "utf8" });
  return /\d+(?:\.\d+)+/.exec(stdout ?? "")?.[0] ?? "";
}
