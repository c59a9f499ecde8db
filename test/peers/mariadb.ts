/** MariaDB from Debian for one test file: a data folder of its own, on loopback, as nobody. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseServer } from "./postgres.ts";
import { eventually, freePort, LOOPBACK, Running, without } from "./programs.ts";
import { asUser, handOver, runAs } from "./unprivileged.ts";

export function withoutMariadb(): string | false {
  return without("mariadbd", "mariadb-install-db", "my_print_defaults", "mariadb");
}

const USER = "nobody";

/** Its `root` has no password on the socket; `postern` has the password `postern`, on the socket and on loopback. */
export async function startMariadb(): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), "postern-my-"));
  handOver(folder, USER);
  const [data, socket, port] = [join(folder, "data"), join(folder, "socket"), await freePort()];
  // The tests' own folder for such files may be one that only their user can write.
  const temporary = `--tmpdir=${folder}`;
  const install = [
    "--no-defaults",
    temporary,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    `--datadir=${data}`,
  ];
  await runAs(USER, "mariadb-install-db", install);
  const places = [temporary, `--datadir=${data}`, `--socket=${socket}`, `--port=${port}`, `--bind-address=${LOOPBACK}`];
  const light = [
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=16M",
    `--pid-file=${join(folder, "pid")}`,
  ];
  const launch = async () => {
    const [program, before] = asUser(USER, "mariadbd");
    const process = new Running(program, [...before, "--no-defaults", ...places, ...light]);
    await eventually("MariaDB accepts connections", () =>
      /ready for connections/.test(process.said) || !process.isAlive ? true : undefined,
    );
    if (!process.isAlive) throw new Error(`MariaDB has ended: ${process.said}`);
    return process;
  };
  let process = await launch();
  const account = `CREATE USER postern IDENTIFIED BY 'postern'; GRANT ALL ON *.* TO postern;`;
  await runAs(undefined, "mariadb", ["--no-defaults", `--socket=${socket}`, "-u", "root", "-e", account]);
  return {
    port,
    socket,
    get process() {
      return process;
    },
    async kill() {
      process.kill("SIGKILL");
      await process.exited;
    },
    async start() {
      process = await launch();
    },
    async stop() {
      await process.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
