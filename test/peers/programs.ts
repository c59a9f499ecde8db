/** Programs of this machine, run to their end or kept running: found, started, and ended by their process id. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const LOOPBACK = "127.0.0.1";

/** Longest that a client program may take; one that waits for a terminal would wait for ever. Milliseconds. */
const CLIENT_TIME = 60_000;
/** What a server gets to end by itself before it is killed. */
const ENDING_TIME = 5_000;

/** Servers live in sbin, which not every user has in PATH. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Where the program is; undefined when it is not on this machine. */
export function find(program: string): string | undefined {
  const found = spawnSync("sh", ["-c", 'command -v -- "$1"', "sh", program], { encoding: "utf8", env: { PATH } });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

/** Why a test that needs all of these cannot run; false when it can. Fits node:test's `skip`. */
export function without(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => find(program) === undefined);
  return missing.length > 0 && `not installed: ${missing.join(", ")}`;
}

/** The first line of what the program says about itself, for the table of results. */
export function versionOf(program: string, flag = "--version"): string {
  const { stdout, stderr } = spawnSync(program, [flag], { encoding: "utf8", env: { ...process.env, PATH } });
  return /\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0] ?? "";
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Milliseconds from the end of the input to its being closed, for programs that leave then without a look at answers. */
  readonly linger?: number;
  readonly cwd?: string;
}

export interface Ran {
  /** null: it was ended by a signal, perhaps ours because it took too long. */
  readonly code: number | null;
  readonly stdout: Buffer;
  /** Both outputs in the order of their arrival, one character a byte. */
  readonly said: string;
}

/** Runs a program to its end. Rejects only when it cannot be started. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env, input = "", linger = 0, cwd } = options;
  const child = spawn(program, args, {
    env: { ...process.env, PATH, LC_ALL: "C.UTF-8", ...env },
    cwd,
    timeout: CLIENT_TIME,
    killSignal: "SIGKILL",
  });
  const stdout: Buffer[] = [];
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => (said += bytes.toString("latin1")));
  // A program that ends without reading its input is no fault of the test's.
  child.stdin.on("error", () => undefined);
  child.stdin.write(input);
  if (linger === 0) child.stdin.end();
  else setTimeout(() => child.stdin.end(), linger);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout: Buffer.concat(stdout), said }));
  });
}

/** A program that stays: a server, or Postern itself. */
export class Running {
  readonly pid: number;
  readonly exited: Promise<number | NodeJS.Signals>;
  /** Standard output and error output so far. */
  said = "";
  readonly #child: ChildProcess;

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    // Should this process die without saying goodbye, the kernel ends the server.
    const setpriv = find("setpriv");
    const guarded = setpriv === undefined ? [program] : [setpriv, "--pdeathsig", "TERM", "--", program];
    const [command = program, ...before] = guarded;
    this.#child = spawn(command, [...before, ...args], {
      env: { ...process.env, PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (bytes: Buffer) => (this.said += bytes.toString("utf8")));
    this.exited = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      // Not "close": what the server started may hold the pipes a little longer.
      this.#child.on("exit", (code, signal) => resolve(code ?? signal ?? 0));
    });
    this.exited.catch(() => undefined);
    this.pid = this.#child.pid ?? 0;
    alive.add(this);
    void this.exited.finally(() => alive.delete(this)).catch(() => undefined);
  }

  get isAlive(): boolean {
    return alive.has(this);
  }

  kill(signal: NodeJS.Signals): void {
    if (this.isAlive && this.pid > 0) process.kill(this.pid, signal);
  }

  /** Ends it, gently first. Resolves to its exit code or the signal that ended it. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.kill("SIGTERM");
    const late = setTimeout(() => this.kill("SIGKILL"), ENDING_TIME);
    return this.exited.finally(() => clearTimeout(late));
  }
}

const alive = new Set<Running>();
process.on("exit", () => alive.forEach((each) => each.kill("SIGTERM")));

/** Below the range from which the system takes ports for outgoing connections (32768 and up on Linux). */
const FIRST_PORT = 20_000;
const PORTS = 10_000;

/** A port on loopback that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, LOOPBACK, () => probe.close(() => resolve(true)));
  });
}

/** Asks again and again until there is an answer; `what` goes into the error when there is none in time. */
export async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + PATIENCE; ; await sleep(25)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`not within ${PATIENCE} ms: ${what}`);
  }
}

/** Only a failing test waits as long; a machine that stalls for seconds must not make one fail. Milliseconds. */
const PATIENCE = 40_000;
