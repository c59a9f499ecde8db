/** The domain as it is made once for all tests of a checkout, in node_modules/.cache; provisioning takes 14 s of CPU. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../support/root.ts";
import { versionOf } from "../programs.ts";
import { SAMBA_DC_FOLDER } from "./accounts.ts";

/** Debian's own: samba's modules are for no other. */
export const PYTHON = "/usr/bin/python3";

/** What the state follows from; another of these is another state. */
const SOURCES = ["template.py", "accounts.json", "domain.json"];

/** The folder, made where it is not there; whoever comes second waits for the first. */
export function templateFolder(address: string): string {
  const cache = fileURLToPath(new URL("node_modules/.cache/", ROOT));
  const folder = join(cache, `postern-domain-${digest()}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const script = fileURLToPath(new URL("template.py", SAMBA_DC_FOLDER));
  const { status, stderr } = spawnSync("flock", [`${folder}.lock`, PYTHON, script, folder, address], {
    encoding: "utf8",
    timeout: PATIENCE,
  });
  if (status !== 0) throw new Error(`the domain could not be made: ${stderr.slice(-2000)}`);
  return folder;
}

/** Milliseconds; on a busy machine it has taken forty seconds. */
const PATIENCE = 200_000;

function digest(): string {
  const hash = createHash("sha256").update(versionOf("samba"));
  for (const name of SOURCES) hash.update(readFileSync(new URL(name, SAMBA_DC_FOLDER)));
  return hash.digest("hex").slice(0, 16);
}
