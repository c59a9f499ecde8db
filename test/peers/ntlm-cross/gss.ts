/** gss-ntlmssp by way of one Python process that holds its contexts: see gss_ntlm_peer.py. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LinePeer } from "./line-peer.ts";
import type { Account } from "./random.ts";

const SCRIPT = fileURLToPath(new URL("../../../../test/peers/ntlm-cross/gss_ntlm_peer.py", import.meta.url));
/** Debian's own: another Python would not see Debian's packages. */
const PYTHON = "/usr/bin/python3";
const MECHANISMS = "/etc/gss/mech.d/mech.ntlmssp.conf";

export type Mech = "ntlm" | "spnego";

export interface ClientOptions extends Account {
  readonly mech: Mech;
  /** GSS host-based name, `imap@mail.example.com`. */
  readonly target: string;
  readonly flags: readonly string[];
  /** LmCompatibilityLevel. */
  readonly level: number;
  /** Application data of a channel binding, in hex. */
  readonly binding: string | undefined;
}

export type ServerOptions = Account & Pick<ClientOptions, "mech" | "level" | "binding">;

interface Answer {
  readonly error?: string;
  readonly token?: string;
  readonly more?: boolean;
  readonly name?: string;
  readonly data?: string;
}

/** Why the tests cannot run; false when they can. */
export function withoutGss(): string | false {
  const { status } = spawnSync(PYTHON, ["-c", "import gssapi"]);
  const missing = [
    ...(status === 0 ? [] : ["the Python module gssapi"]),
    ...(existsSync(MECHANISMS) ? [] : ["gss-ntlmssp"]),
  ];
  return missing.length > 0 && `not installed: ${missing.join(", ")}`;
}

export class GssPeer {
  readonly #room = mkdtempSync(join(tmpdir(), "postern-gss-"));
  readonly #peer = new LinePeer(PYTHON, [SCRIPT], { NTLM_USER_FILE: join(this.#room, "users") });
  #contexts = 0;

  /** A client's context, and its first token. */
  async client(options: ClientOptions): Promise<GssContext> {
    return this.#begin({ command: "client", ...options });
  }

  /** A server's context that has taken a client's first token; it knows one account. */
  async server(options: ServerOptions, token: Uint8Array): Promise<GssContext> {
    return this.#begin({ command: "server", token: hex(token), ...options });
  }

  async ask(request: object): Promise<Answer> {
    const answer = JSON.parse(await this.#peer.ask(JSON.stringify(request))) as Answer;
    if (answer.error !== undefined) throw new Error(`gss-ntlmssp: ${answer.error}`);
    return answer;
  }

  async end(): Promise<void> {
    await this.#peer.end();
    rmSync(this.#room, { recursive: true, force: true });
  }

  async #begin(request: object): Promise<GssContext> {
    const id = (this.#contexts += 1);
    return new GssContext(this, id, await this.ask({ ...request, id }));
  }
}

export class GssContext {
  /** The latest token; empty when there is nothing to send. */
  token: Buffer;
  /** Another token of ours is awaited. */
  more: boolean;
  /** The initiator as the server knows it. */
  name: string | undefined;
  readonly #peer: GssPeer;
  readonly #id: number;

  constructor(peer: GssPeer, id: number, { token = "", more = false }: Answer) {
    this.#peer = peer;
    this.#id = id;
    this.token = Buffer.from(token, "hex");
    this.more = more;
  }

  async step(token: Uint8Array): Promise<void> {
    const answer = await this.#ask("step", { token: hex(token) });
    this.token = Buffer.from(answer.token ?? "", "hex");
    this.more = answer.more ?? false;
    this.name = answer.name;
  }

  key(): Promise<Buffer> {
    return this.#data("key");
  }

  /** GSS_Wrap: signature and ciphertext. */
  wrap(data: Uint8Array): Promise<Buffer> {
    return this.#data("wrap", { data: hex(data) });
  }

  unwrap(data: Uint8Array): Promise<Buffer> {
    return this.#data("unwrap", { data: hex(data) });
  }

  mic(data: Uint8Array): Promise<Buffer> {
    return this.#data("mic", { data: hex(data) });
  }

  /** Rejects when the signature is wrong. */
  async verify(data: Uint8Array, mic: Uint8Array): Promise<void> {
    await this.#ask("verify", { data: hex(data), mic: hex(mic) });
  }

  async end(): Promise<void> {
    await this.#ask("end");
  }

  async #data(command: string, rest: object = {}): Promise<Buffer> {
    return Buffer.from((await this.#ask(command, rest)).data ?? "", "hex");
  }

  #ask(command: string, rest: object = {}): Promise<Answer> {
    return this.#peer.ask({ command, id: this.#id, ...rest });
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
