/** PostgreSQL from Debian for one test file: a cluster in a folder of its own, on loopback, without the right to be root. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, LOOPBACK, Running, eventually } from "./programs.ts";
import { asUser, handOver, runAs } from "./unprivileged.ts";

/** Debian keeps each version's programs in a folder of its own. */
const VERSIONS = "/usr/lib/postgresql";

function folderOfPrograms(): string | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(VERSIONS, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** Why there is none; false when there is. Fits node:test's `skip`. */
export function withoutPostgres(): string | false {
  return folderOfPrograms() === undefined && "not installed: postgresql";
}

export interface DatabaseServer {
  readonly port: number;
  /** PostgreSQL: the folder of its socket; MariaDB: the socket. */
  readonly socket: string;
  readonly process: Running;
  /** As kill -9 and starting again do. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const USER = "postgres";

/** The superuser is `postgres`; anybody on loopback with the password `postern`. */
export async function startPostgres(): Promise<DatabaseServer> {
  const bin = folderOfPrograms()!;
  const folder = mkdtempSync(join(tmpdir(), "postern-pg-"));
  handOver(folder, USER);
  const data = join(folder, "data");
  const [password, port] = [join(folder, "password"), await freePort()];
  await runAs(USER, "sh", ["-c", `echo postern > ${password}`]);
  const options = ["-U", "postgres", "--pwfile", password, "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"];
  await runAs(USER, join(bin, "initdb"), ["-D", data, ...options, "--locale=C.UTF-8"]);
  const settings = [
    `listen_addresses=${LOOPBACK}`,
    `unix_socket_directories=${folder}`,
    "fsync=off",
    "max_connections=50",
  ];
  const args = ["-D", data, "-p", `${port}`, ...settings.flatMap((setting) => ["-c", setting])];
  const launch = async () => {
    const [program, before] = asUser(USER, join(bin, "postgres"));
    const process = new Running(program, [...before, ...args]);
    await eventually("PostgreSQL accepts connections", () =>
      /database system is ready to accept connections/.test(process.said) || !process.isAlive ? true : undefined,
    );
    if (!process.isAlive) throw new Error(`PostgreSQL has ended: ${process.said}`);
    return process;
  };
  let process = await launch();
  return {
    port,
    socket: folder,
    get process() {
      return process;
    },
    async kill() {
      // Its children notice that it is gone, and end.
      process.kill("SIGKILL");
      await process.exited;
      await eventually("its children end", async () => ((await isQuiet(data)) ? true : undefined));
    },
    async start() {
      process = await launch();
    },
    async stop() {
      // "Fast": without waiting for clients.
      process.kill("SIGINT");
      await process.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** No process of the cluster is left: their command lines or working directories name its folder. */
async function isQuiet(data: string): Promise<boolean> {
  const { said } = await runAs(undefined, "sh", [
    "-c",
    `ls -l /proc/[0-9]*/cwd 2>/dev/null | grep -c -- "-> ${data}$" || true`,
  ]);
  return said.trim() === "0";
}
