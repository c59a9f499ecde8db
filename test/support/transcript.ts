/**
 * Dialogues as text: C: the client, S: what Postern answers, G: what Postern says to the server behind, B: that server.
 * The script speaks for C and B and expects S and G, over real sockets; a difference is named with file and line.
 */
import { readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { parse } from "yaml";
import { selfSigned } from "../../src/sandbox/certificate.ts";
import { secureAsServer, StagedBackend } from "./backend.ts";
import { eventually, startGateway, type RunningGateway } from "./gateway.ts";
import { bytesToSay, isExpected, type Memory } from "./macros.ts";
import { dial, type Talker } from "./talker.ts";

export type Pace = "whole" | "byte by byte";

/** What stands above the `---`: pieces of config.yaml and what else the scene needs. */
interface Scene {
  readonly listener: Readonly<Record<string, unknown>> & { readonly protocol: "pop3" | "imap" | "smtp" };
  /** Keys of the backend's server, or `down`. */
  readonly backend?: object | "down";
  readonly logon?: object;
  readonly server?: object;
  readonly limits?: object;
  readonly users?: string;
  /** The server challenge, 16 hex digits. */
  readonly challenge?: string;
  /** The client's address, told by a PROXY header. */
  readonly client?: string;
  /** What the SMTP server behind says to EHLO when Postern asks it at the start. */
  readonly ehlo?: readonly string[];
  /** What the POP3 server behind says to CAPA then. */
  readonly capa?: readonly string[];
  /** Where the pace is what is tested. */
  readonly only?: Pace;
}

type Voice = "C" | "S" | "G" | "B";

interface Step {
  /** From 1, for the complaint. */
  readonly line: number;
  readonly voice: Voice | "--";
  readonly text: string;
}

export interface Transcript {
  readonly name: string;
  /** The first comment line. */
  readonly title: string;
  readonly scene: Scene;
  readonly steps: readonly Step[];
}

/** Names file and line, what was expected and what came. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
}

export function readTranscript(path: string, name: string): Transcript {
  return parseTranscript(readFileSync(path, "utf8"), name);
}

/** Throws TranscriptError for lines that are no step. */
export function parseTranscript(text: string, name: string): Transcript {
  const lines = text.split("\n");
  const start = lines.indexOf("---");
  if (start < 0) throw new TranscriptError(`${name}: no line "---" between scene and dialogue`);
  const steps = lines.slice(start + 1).flatMap((line, index): Step[] => {
    if (line === "" || line.startsWith("#")) return [];
    const [, voice, said = ""] = /^([CSGB]):(?: (.*))?$/.exec(line) ?? [];
    const at = start + 2 + index;
    if (voice) return [{ line: at, voice: voice as Voice, text: said }];
    if (line.startsWith("-- ")) return [{ line: at, voice: "--", text: line.slice(3) }];
    throw new TranscriptError(`${name}:${at}: not a step: ${line}`);
  });
  const scene = parse(lines.slice(0, start).join("\n")) as Scene;
  return { name, title: (lines[0] ?? "").replace(/^# */, ""), scene, steps };
}

const TLS = selfSigned(["mail.example.com", "localhost"], ["127.0.0.1"]);

/** Plays the transcript. Rejects with TranscriptError at the first difference. */
export async function play(transcript: Transcript, pace: Pace): Promise<void> {
  const { scene } = transcript;
  const backend = await StagedBackend.open();
  const { protocol } = scene.listener;
  if (protocol === "smtp") backend.autoplay = answerOnce((talker) => answerEhlo(talker, scene.ehlo ?? []));
  if (protocol === "pop3") backend.autoplay = answerOnce((talker) => answerCapa(talker, scene.capa ?? []));
  if (scene.backend === "down") backend.close();
  const running = await startGateway(configFor(scene, backend.port), {
    accounts: scene.users ?? "alice:{PLAIN}secret\n",
    nonce: () => Buffer.from(scene.challenge ?? "0123456789abcdef", "hex"),
    clock: () => 133_500_000_000_000_000n,
  });
  try {
    await new Performance(transcript, pace, running, backend, await dial(running.port())).run();
  } finally {
    backend.close();
    await running.stop();
  }
}

function configFor({ listener, backend = {}, logon, server, limits, client }: Scene, port: number) {
  const trusted = { ca: TLS.cert, serverName: "localhost" };
  const where = { host: "127.0.0.1", port, ...(backend === "down" ? {} : { ...trusted, ...backend }) };
  return {
    listeners: [
      {
        tls: "off",
        // NTLM cannot show the client's own password, so most scenes log on at the backend in another way.
        ...listener,
        ...(client !== undefined && { proxyProtocol: { from: ["127.0.0.1"] } }),
      },
    ],
    tls: [{ cert: TLS.cert, key: TLS.key }],
    backends: { store: { [listener.protocol]: where, ...(logon && { logon }) } },
    ...(server && { server }),
    ...(limits && { limits: { failureDelay: "0ms", ...limits } }),
  };
}

/** The first connection is Postern's own question at the start. */
function answerOnce(answer: (talker: Talker) => Promise<void>): (talker: Talker) => boolean {
  let asked = false;
  return (talker) => {
    if (asked) return false;
    asked = true;
    void answer(talker).catch(() => talker.destroy());
    return true;
  };
}

async function answerEhlo(talker: Talker, extensions: readonly string[]): Promise<void> {
  talker.send("220 store\r\n");
  await talker.line();
  const lines = ["store", ...extensions];
  talker.send(lines.map((line, index) => `250${index < lines.length - 1 ? "-" : " "}${line}\r\n`).join(""));
  // QUIT, or STARTTLS that it is not there for.
  await talker.line();
  talker.destroy();
}

async function answerCapa(talker: Talker, capabilities: readonly string[]): Promise<void> {
  talker.send("+OK store\r\n");
  await talker.line();
  talker.send(["+OK", ...capabilities, "."].map((line) => `${line}\r\n`).join(""));
  await talker.line();
  talker.destroy();
}

class Performance {
  readonly #transcript: Transcript;
  readonly #pace: Pace;
  readonly #running: RunningGateway;
  readonly #backend: StagedBackend;
  readonly #client: Talker;
  readonly #memory: Memory = { challenge: "" };
  /** The connection that G and B speak on. */
  #stage: Talker | undefined;

  constructor(transcript: Transcript, pace: Pace, running: RunningGateway, backend: StagedBackend, client: Talker) {
    this.#transcript = transcript;
    this.#pace = pace;
    this.#running = running;
    this.#backend = backend;
    this.#client = client;
  }

  async run(): Promise<void> {
    const { scene, steps } = this.#transcript;
    if (scene.client) await this.#say(this.#client, proxyHeader(scene.client));
    for (let index = 0; index < steps.length;) index += await this.#step(steps, index);
    await this.#leave(steps.at(-1)?.line ?? 0);
  }

  /** Plays one step, or several that go into one write; how many. */
  async #step(steps: readonly Step[], index: number): Promise<number> {
    const step = steps[index]!;
    const { voice, text } = step;
    try {
      if (voice === "S" || voice === "G") return await this.#expect(voice, step);
      if (voice === "--") return await this.#direct(text);
      const end = steps.findIndex((each, at) => at > index && each.voice !== voice);
      const together = steps.slice(index, end < 0 ? steps.length : end);
      const bytes = Buffer.concat(together.map((each) => bytesToSay(each.text, this.#memory)));
      await this.#say(voice === "C" ? this.#client : await this.#onStage(), bytes);
      return together.length;
    } catch (error) {
      if (error instanceof TranscriptError) throw error;
      throw this.#complaint(step.line, `${voice}: ${text}`, (error as Error).message);
    }
  }

  async #expect(voice: "S" | "G", { line, text }: Step): Promise<number> {
    const said = await (voice === "S" ? this.#client : await this.#onStage()).line();
    if (!isExpected(text, said, this.#memory)) throw this.#complaint(line, `${voice}: ${text}`, `${voice}: ${said}`);
    return 1;
  }

  /** What is not said but done. */
  async #direct(direction: string): Promise<1> {
    switch (direction) {
      case "C starts TLS":
        await this.#client.secure();
        break;
      case "B starts TLS":
        await secureAsServer(await this.#onStage(), TLS);
        break;
      case "C leaves":
        this.#client.socket.end();
        break;
      case "B leaves":
        (await this.#onStage()).socket.end();
        break;
      case "S leaves":
        await silentEnd(this.#client);
        break;
      case "G leaves":
        await silentEnd(await this.#onStage());
        this.#stage!.socket.end();
        this.#stage = undefined;
        break;
      case "nothing is heard at the backend":
        if (this.#backend.unasked > 0 || this.#stage?.heard.length) throw new Error("somebody is there");
        break;
      default:
        throw new Error("a direction that nobody knows");
    }
    return 1;
  }

  /** Both sides end, and nothing may be left that the transcript does not have. */
  async #leave(line: number): Promise<void> {
    this.#client.socket.end();
    const stage = this.#stage;
    try {
      if (stage) {
        await silentEnd(stage);
        stage.socket.end();
      }
      await silentEnd(this.#client);
      if (this.#backend.unasked > 0) throw new Error("a connection to the backend");
      await eventually(() => this.#running.gateway.connections === 0, "the stay is over");
    } catch (error) {
      throw this.#complaint(line, "the end", (error as Error).message);
    }
  }

  async #onStage(): Promise<Talker> {
    return (this.#stage ??= await this.#backend.next());
  }

  async #say(talker: Talker, bytes: Buffer): Promise<void> {
    if (this.#pace === "whole") return talker.send(bytes);
    // Large fillings in larger pieces: what they test is not in each byte.
    const size = bytes.length > 2000 ? 397 : 1;
    for (let at = 0; at < bytes.length && !talker.over; at += size) {
      talker.send(bytes.subarray(at, at + size));
      await turn();
    }
  }

  #complaint(line: number, expected: string, actual: string): TranscriptError {
    const where = `test/transcripts/${this.#transcript.name}:${line}`;
    const unread = [this.#client, this.#stage].map((talker) => JSON.stringify(talker?.heard.toString() ?? ""));
    const rest = `unread by C ${unread[0]}, by B ${unread[1]}`;
    return new TranscriptError(`${where} (${this.#pace})\n  expected ${expected}\n  actual   ${actual}\n  ${rest}`);
  }
}

function proxyHeader(client: string): Buffer {
  const rest = client.includes(":") ? `TCP6 ${client} ::1` : `TCP4 ${client} 127.0.0.1`;
  return Buffer.from(`PROXY ${rest} 4321 110\r\n`);
}

async function silentEnd(talker: Talker): Promise<void> {
  const rest = await talker.end();
  if (rest !== "") throw new Error(`more was said: ${JSON.stringify(rest)}`);
}
