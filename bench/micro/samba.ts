/** Samba's ntlm_auth as a helper process (role squid-2.5-ntlmssp, Debian package winbind): its own CPU time for each logon. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LinePeer } from "../../test/peers/ntlm-cross/line-peer.ts";
import type { Contestant } from "./measure.ts";
import { ACCOUNT, answer, NEGOTIATE } from "./ntlm.ts";

/** Why ntlm_auth cannot be measured here; false if it can. */
export function withoutSamba(): string | false {
  if (spawnSync("ntlm_auth", ["--version"]).status !== 0) return "ntlm_auth is not installed (Debian: winbind)";
  if (!existsSync("/proc/self/schedstat"))
    return "the CPU time of another process cannot be read here (/proc/self/schedstat)";
  return false;
}

/** The helper stays for all logons, or is started for each. It does without a domain: it is told the password. */
export class Samba {
  readonly #room = mkdtempSync(join(tmpdir(), "postern-bench-samba-"));
  readonly #config = join(this.#room, "smb.conf");
  #resident: Helper | undefined;

  constructor() {
    const places = ["private dir", "lock directory", "state directory", "cache directory", "pid directory"];
    const lines = ["workgroup = EXAMPLE", "netbios name = PEER", ...places.map((each) => `${each} = ${this.#room}`)];
    writeFileSync(this.#config, ["[global]", ...lines, ""].join("\n"));
  }

  contestants(): readonly Contestant[] {
    return [
      { name: "ntlm_auth that stays", round: (calls) => this.#staying(calls) },
      { name: "ntlm_auth for each logon", round: (calls) => this.#started(calls) },
    ];
  }

  async end(): Promise<void> {
    await this.#resident?.peer.end();
    rmSync(this.#room, { recursive: true, force: true });
  }

  async #staying(calls: number): Promise<number> {
    this.#resident ??= await start(this.#config);
    const before = cpu(this.#resident);
    for (let i = 0; i < calls; i += 1) await logOn(this.#resident);
    return cpu(this.#resident) - before;
  }

  async #started(calls: number): Promise<number> {
    let spent = 0;
    for (let i = 0; i < calls; i += 1) {
      const helper = await start(this.#config);
      await logOn(helper);
      spent += cpu(helper);
      await helper.peer.end();
    }
    return spent;
  }
}

interface Helper {
  readonly peer: LinePeer;
  readonly pid: number;
}

/** The shell tells its process id, then becomes the helper. */
async function start(config: string): Promise<Helper> {
  const { user, domain, password } = ACCOUNT;
  const peer = new LinePeer("sh", [
    ...["-c", 'read -r line; echo $$; exec ntlm_auth "$@"', "sh", "--helper-protocol=squid-2.5-ntlmssp"],
    ...[`--username=${user}`, `--domain=${domain}`, `--password=${password}`, `--configfile=${config}`],
  ]);
  return { peer, pid: Number(await peer.ask("who are you?")) };
}

async function logOn({ peer }: Helper): Promise<void> {
  const challenge = (await peer.ask(`YR ${NEGOTIATE.toString("base64")}`)).replace(/^TT /, "");
  const verdict = await peer.ask(`KK ${answer(Buffer.from(challenge, "base64")).toString("base64")}`);
  if (!verdict.startsWith("AF ")) throw new Error(`ntlm_auth refused the right response: ${verdict}`);
}

/** Microseconds on a processor so far; the kernel counts nanoseconds. */
function cpu({ pid }: Helper): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1000;
}
