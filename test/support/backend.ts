/** A server behind that a test plays by hand: it takes connections, and the test speaks for it. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { SelfSigned } from "../../src/sandbox/certificate.ts";
import { Talker } from "./talker.ts";

export class StagedBackend {
  readonly port: number;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #waiting: Talker[] = [];
  #wake: () => void = () => undefined;
  /** Connections taken so far. */
  taken = 0;
  /** Plays connections instead of handing them out, as long as it says true. */
  autoplay: ((talker: Talker) => boolean) | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#take(socket));
  }

  static async open(): Promise<StagedBackend> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new StagedBackend(server);
  }

  #take(socket: Socket): void {
    this.taken += 1;
    this.#open.add(socket);
    socket.on("close", () => this.#open.delete(socket));
    socket.on("error", () => undefined);
    const talker = new Talker(socket);
    if (this.autoplay?.(talker)) return;
    this.#waiting.push(talker);
    this.#wake();
  }

  /** The next connection. */
  async next(milliseconds = 8_000): Promise<Talker> {
    const end = setTimeout(() => this.#wake(), milliseconds);
    const deadline = Date.now() + milliseconds;
    while (this.#waiting.length === 0 && Date.now() < deadline) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    clearTimeout(end);
    const talker = this.#waiting.shift();
    if (!talker) throw new Error("nobody connected to the backend");
    return talker;
  }

  /** Connections that nobody has asked for. */
  get unasked(): number {
    return this.#waiting.length;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Takes no more connections; those that are there stay. */
  stopListening(): void {
    this.#server.close();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

/** The server's side of TLS on a connection that the test plays. */
export async function secureAsServer(talker: Talker, { cert, key }: SelfSigned): Promise<void> {
  const raw = talker.letGo();
  await talker.continueOn(new TLSSocket(raw, { isServer: true, secureContext: createSecureContext({ cert, key }) }));
}
