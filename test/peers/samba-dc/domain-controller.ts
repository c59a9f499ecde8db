/** A Samba domain controller of one's own on a loopback address: started, killed, started again; see accounts.ts for who is in it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { selfSigned } from "../../../src/sandbox/certificate.ts";
import { eventually, find, Running, without } from "../programs.ts";
import { DOMAIN, SAMBA_DC_FOLDER } from "./accounts.ts";
import { configuration } from "./configuration.ts";
import { PYTHON, templateFolder } from "./template.ts";

export { accountOf, BASE_DN, DOMAIN, MACHINES, USERS, type DomainAccount } from "./accounts.ts";

export interface DomainController {
  /** Loopback; LDAP, LDAPS, DNS, SMB and the endpoint mapper are on their usual ports there. */
  readonly address: string;
  /** dc1.example.com: in the certificate, and in the domain's DNS. */
  readonly hostName: string;
  /** PEM, for LDAPS and StartTLS; the certificate is for `hostName` and `address`. */
  readonly ca: string;
  /** Holds smb.conf and all state. */
  readonly folder: string;
  /** By account and group. */
  readonly rids: Readonly<Record<string, number>>;
  /** What goes before a command that shall find this one's winbindd: `ntlm_auth`, `wbinfo`. */
  inside(): readonly string[];
  /** All of it, without a goodbye. */
  kill(): Promise<void>;
  /** Gently. */
  stop(): Promise<void>;
  /** Again on the same address, with the state that it had. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  close(): Promise<void>;
  log(): string;
}

export interface DomainControllerOptions {
  /** Default: one that no other process of this machine would choose. */
  readonly address?: string;
  /** Lines for smb.conf: `ntlm auth = disabled`. */
  readonly settings?: readonly string[];
}

const PACKAGES = ["samba", "samba-tool", "winbindd", "wbinfo", "setpriv", "unshare", "nsenter", "flock"];
const PORTS = [53, 88, 135, 389, 445, 464, 636, 3268];

/** Why none can be started here; false when one can. Fits node:test's `skip`. */
export function withoutDomainController(): string | false {
  if (process.getuid?.() !== 0) return "a domain controller needs root";
  const missing = without(...PACKAGES);
  if (missing) return missing;
  if (!existsSync(PYTHON) || spawnSync(PYTHON, ["-c", "import samba.samdb"]).status !== 0) return "no python3-samba";
  const isolated = spawnSync("unshare", ["--mount", "--pid", "--fork", "true"]).status === 0;
  return !isolated && "namespaces of its own are not allowed here (CAP_SYS_ADMIN)";
}

/** Serves when it resolves: in about three seconds, and fifteen where the domain was not made before. */
export async function startDomainController(options: DomainControllerOptions = {}): Promise<DomainController> {
  const { address = nextAddress(), settings = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), "postern-dc-"));
  const hostName = `${DOMAIN.host}.${DOMAIN.dns}`;
  const certificate = selfSigned([hostName, DOMAIN.dns], [address]);
  copyTemplate(folder, address);
  for (const name of ["cache", "run", "log", "ncalrpc", "tls"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "tls", "cert.pem"), certificate.cert);
  writeFileSync(join(folder, "tls", "key.pem"), certificate.key, { mode: 0o600 });
  writeFileSync(join(folder, "smb.conf"), configuration(folder, address, settings));
  const { address: made, rids } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
  if (made !== address) runPython("--move", join(folder, "smb.conf"), address);
  let server: Server | undefined;
  const controller: DomainController = {
    ...{ address, hostName, ca: certificate.cert, folder, rids },
    inside: () => ["nsenter", "--target", String(mainProcess(server)), "--mount", "--"],
    start: async () => {
      server = await startServer(folder, address);
    },
    kill: async () => {
      server?.running.kill("SIGKILL");
      await server?.running.exited;
      await silent(address);
    },
    stop: async () => {
      await stopServer(server);
    },
    close: async () => {
      await controller.kill();
      rmSync(folder, { recursive: true });
    },
    log: () => server?.running.said ?? "",
  };
  await controller.start().catch(async (error: unknown) => {
    await controller.close();
    throw error;
  });
  return controller;
}

interface Manifest {
  readonly address: string;
  readonly rids: Readonly<Record<string, number>>;
}

interface Server {
  /** unshare, whose end is the end of all that runs in its namespace. */
  readonly running: Running;
}

let started = 0;

/** By the process id, so that tests that run side by side do not meet: from 127.64.0.1 on. */
function nextAddress(): string {
  const index = process.pid * 4 + (started++ % 4);
  // .0 and .255 look like a network's own addresses to some.
  const [last, rest] = [1 + (index % 254), Math.floor(index / 254)];
  return `127.${64 + ((rest >> 8) & 0x3f)}.${rest & 0xff}.${last}`;
}

function copyTemplate(folder: string, address: string): void {
  const { status, stderr } = spawnSync("cp", ["--archive", `${templateFolder(address)}/.`, folder], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the domain's state could not be copied: ${stderr}`);
}

export function runPython(...args: string[]): void {
  const script = fileURLToPath(new URL("template.py", SAMBA_DC_FOLDER));
  const { status, stderr } = spawnSync(PYTHON, [script, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`template.py has failed: ${stderr.slice(-2000)}`);
}

/**
 * In namespaces of its own: libwbclient has /run/samba compiled in, so that two would meet there; and the end of the first
 * process of a process namespace is the end of all others in it.
 */
async function startServer(folder: string, address: string): Promise<Server> {
  mkdirSync("/run/samba", { recursive: true });
  const isolated = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL", "--"];
  const script = 'mount -t tmpfs -o mode=755 tmpfs /run/samba && exec "$0" "$@"';
  const samba = [find("samba")!, "-F", "--no-process-group", "-s", join(folder, "smb.conf")];
  const running = new Running("unshare", [...isolated, "sh", "-c", script, ...samba]);
  const server = { running };
  await eventually(`a domain controller on ${address}`, async () => {
    if (!running.isAlive) throw new Error(`samba has ended: ${running.said}${logOf(folder)}`);
    const open = await Promise.all(PORTS.map((port) => answers(address, port)));
    return (open.every(Boolean) && isWinbindUp(server)) || undefined;
  });
  return server;
}

function isWinbindUp(server: Server): boolean {
  return spawnSync("nsenter", ["--target", String(mainProcess(server)), "--mount", "--", "wbinfo", "-p"]).status === 0;
}

/** samba itself: the one child of unshare. */
function mainProcess(server: Server | undefined): number {
  const pid = server?.running.pid ?? 0;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

async function stopServer(server: Server | undefined): Promise<void> {
  if (!server?.running.isAlive) return;
  process.kill(mainProcess(server), "SIGTERM");
  const late = setTimeout(() => server.running.kill("SIGKILL"), 10_000);
  await server.running.exited.finally(() => clearTimeout(late));
}

/** The kernel closes what a killed process had open a moment after its end. */
async function silent(address: string): Promise<void> {
  await eventually(`silence on ${address}`, async () => ((await answers(address, 135)) ? undefined : true));
}

function answers(address: string, port: number): Promise<boolean> {
  const socket = connect(port, address);
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}

function logOf(folder: string): string {
  const path = join(folder, "log", "log.samba");
  return existsSync(path) ? readFileSync(path, "utf8").slice(-4000) : "";
}
