/** A TCP connection that speaks RPC (ncacn_ip_tcp, MS-RPCE 2.1.1.1): bound to one interface, one call at a time. */
import { connect, type Socket } from "node:net";
import { bindPdu, readBindAnswer } from "./bind.ts";
import { encodeRequest, Reply, RpcFault } from "./call.ts";
import { lateness, remaining, type Deadline } from "./deadline.ts";
import { malformed, NetlogonError } from "./error.ts";
import { Fragments } from "./fragments.ts";
import type { SyntaxId } from "./interfaces.ts";
import { decodePdu, encodePdu, type Pdu } from "./pdu.ts";
import { checkNegotiateAnswer, type Sealing } from "./sealing.ts";
import { hostPort } from "../wire/networks.ts";

/** Milliseconds without a word before TCP asks whether the other side is still there. */
const KEEP_ALIVE = 60_000;

export interface Security {
  /** NL_AUTH_MESSAGE. */
  readonly token: Buffer;
  readonly sealing: Sealing;
}

/** Where it goes, and how long it may take. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

interface Waiting {
  heard(pdu: Pdu): void;
  failed(error: NetlogonError): void;
}

export class RpcConnection {
  readonly closed: Promise<NetlogonError>;
  readonly #socket: Socket;
  readonly #fragments = new Fragments();
  #waiting: Waiting | undefined;
  #over: NetlogonError | undefined;
  #tellClosed!: (why: NetlogonError) => void;
  #callId = 0;
  #sendLimit = 0;
  #sealing: Sealing | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => (this.#tellClosed = resolve));
    socket.on("data", (chunk) => this.#heard(chunk));
    socket.on("error", (error) => this.#end(new NetlogonError("closed", `the connection broke: ${error.message}`)));
    socket.on("close", () => this.#end(new NetlogonError("closed", "the domain controller closed the connection")));
  }

  /** Connects and binds. Throws NetlogonError; nothing stays open then. */
  static async bind(
    address: Address,
    interfaceId: SyntaxId,
    deadline: Deadline,
    security?: Security,
  ): Promise<RpcConnection> {
    const connection = new RpcConnection(await dial(address, deadline));
    await connection.#bind(interfaceId, deadline, security);
    return connection;
  }

  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /** The reply's stub. Throws NetlogonError; only an RPC fault about this one call leaves the connection open. */
  async call(opnum: number, stub: Buffer, deadline: Deadline): Promise<Buffer> {
    if (this.#waiting) throw new Error("one call at a time");
    if (this.#over) throw this.#over;
    const time = this.#orFail(() => remaining(deadline));
    const callId = ++this.#callId;
    const reply = new Reply(callId, this.#sealing);
    const request = encodeRequest({ callId, opnum, stub }, this.#sendLimit, this.#sealing);
    return this.#exchange(request, time, (pdu) => reply.take(pdu));
  }

  close(): void {
    this.fail(new NetlogonError("closed", "the connection was closed"));
  }

  /** Closes at once; a call that runs ends with the error. */
  fail(why: NetlogonError): void {
    this.#end(why);
    this.#socket.destroy();
  }

  async #bind(interfaceId: SyntaxId, deadline: Deadline, security: Security | undefined): Promise<void> {
    const time = this.#orFail(() => remaining(deadline));
    const callId = ++this.#callId;
    const bind = encodePdu(bindPdu(callId, interfaceId, security?.token));
    const { sendLimit, token } = await this.#exchange([bind], time, (pdu) => readBindAnswer(pdu, callId));
    if (security) this.#orFail(() => checkNegotiateAnswer(token));
    this.#sendLimit = sendLimit;
    this.#sealing = security?.sealing;
  }

  /** Sends, and hands each PDU that comes to `take` until that has a result. */
  #exchange<T>(pdus: readonly Buffer[], time: number, take: (pdu: Pdu) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(lateness()), time);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
      };
      this.#waiting = {
        heard: (pdu) => {
          const result = take(pdu);
          if (result === undefined) return;
          settle();
          resolve(result);
        },
        failed: (error) => {
          settle();
          reject(error);
        },
      };
      this.#socket.write(Buffer.concat(pdus));
    });
  }

  #heard(chunk: Buffer): void {
    try {
      this.#fragments.push(chunk, (fragment) => this.#take(decodePdu(fragment)));
    } catch (error) {
      this.fail(error instanceof NetlogonError ? error : malformed(String(error)));
    }
  }

  #take(pdu: Pdu): void {
    // What came before the end, in the same chunk as the end's cause.
    if (this.#over) return;
    const waiting = this.#waiting;
    if (!waiting) throw malformed("words that nobody asked for");
    try {
      waiting.heard(pdu);
    } catch (error) {
      if (!(error instanceof RpcFault) || error.isKeyStale) throw error;
      waiting.failed(error);
    }
  }

  #orFail<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (error instanceof NetlogonError) this.fail(error);
      throw error;
    }
  }

  #end(why: NetlogonError): void {
    if (this.#over) return;
    this.#over = why;
    this.#waiting?.failed(why);
    this.#tellClosed(why);
  }
}

function dial({ host, port }: Address, deadline: Deadline): Promise<Socket> {
  const time = remaining(deadline);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE });
    const timer = setTimeout(() => socket.destroy(lateness()), time);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error instanceof NetlogonError ? error : unreachable(host, port, error));
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

function unreachable(host: string, port: number, error: Error): NetlogonError {
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  return new NetlogonError("unreachable", `no connection to ${hostPort({ host, port })}: ${code}`, { cause: error });
}
