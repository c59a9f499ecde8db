/**
 * A domain controller for tests: the server's side of MS-NRPC over TCP on loopback, with accounts and faults as a test
 * wants them. Both may be changed while it runs. One port serves the endpoint mapper and Netlogon.
 */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ntHash } from "../../src/ntlm/hashes.ts";
import type { DomainController, MachineAccount } from "../../src/netlogon/netlogon.ts";
import { DcConversation } from "./dc-double-conversation.ts";
import type { AskedLogon, Known } from "./dc-double-stubs.ts";

export interface DoubleAccount {
  /** Wrong responses get STATUS_WRONG_PASSWORD; left out: anything is right. */
  readonly password?: string;
  /** NTSTATUS after the right password; 0 unless said otherwise. */
  readonly status?: number;
  readonly authoritative?: boolean;
  readonly info?: Known;
}

export type Step = "bind" | "map" | "challenge" | "authenticate" | "logon" | "password-set";

export interface Behaviour {
  /** From this step on a connection says nothing. */
  silentAt?: Step | undefined;
  /** The connection is closed instead of an answer. */
  hangUpAt?: Step | undefined;
  /** Sent instead of an answer. */
  garbage?: { readonly at: Step; readonly bytes: Uint8Array } | undefined;
  /** Milliseconds before the answer to a logon. */
  delay?: number | undefined;
  /** Milliseconds between two bytes of any answer. */
  slow?: number | undefined;
  /** Logons that a connection answers; it is closed at the next. */
  closeAfter?: number | undefined;
  /** RPC fault in answer to a logon. */
  fault?: number | undefined;
  /** NTSTATUS of every logon, whatever the account. */
  logonStatus?: number | undefined;
  /** NTSTATUS of NetrServerAuthenticate3. */
  refusal?: number | undefined;
  /** NTSTATUS of NetrServerPasswordSet2. */
  passwordRefusal?: number | undefined;
  /** Every bind of a sealed connection is refused. */
  bindNak?: boolean | undefined;
  wrongCredential?: boolean | undefined;
  wrongAuthenticator?: boolean | undefined;
  withoutAes?: boolean | undefined;
  /** A challenge of eight equal bytes. */
  uniformChallenge?: boolean | undefined;
  /** A byte of each sealed answer is changed. */
  brokenSeal?: boolean | undefined;
  /** Answers on sealed connections are not sealed. */
  unsealed?: boolean | undefined;
  /** Longest part of a reply's stub in one fragment; 5744 unless said otherwise. */
  fragmentSize?: number | undefined;
  /** Form in which a user is told of. */
  validationLevel?: 2 | 3 | 6 | undefined;
}

export interface DoubleOptions {
  readonly machine?: { readonly domain: string; readonly computer: string; readonly password: string };
  /** By name, in lower case. */
  readonly accounts?: Readonly<Record<string, DoubleAccount>>;
  readonly behaviour?: Behaviour;
}

/** What the domain controller keeps of a machine, by the name of the computer. */
export interface Channel {
  readonly sessionKey: Buffer;
  /** What the next authenticator starts from. */
  stored: Buffer;
}

const MACHINE = { domain: "GWTEST", computer: "GATEWAY", password: "Gateway-Machine-Passw0rd!" };

export class DcDouble {
  /** The account that the client is to use; its hash follows NetrServerPasswordSet2. */
  machine: MachineAccount;
  readonly accounts: Map<string, DoubleAccount>;
  behaviour: Behaviour;
  readonly channels = new Map<string, Channel>();
  /** What was asked, in order. */
  readonly logons: AskedLogon[] = [];
  /** Handshakes that were granted, connections that were accepted. */
  handshakes = 0;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, { machine = MACHINE, accounts = {}, behaviour = {} }: DoubleOptions) {
    const { domain, computer, password } = machine;
    this.machine = { domain, computer, ntHash: ntHash(password) };
    this.accounts = new Map(Object.entries(accounts));
    this.behaviour = behaviour;
    this.#server = server;
    server.on("connection", (socket) => this.#accept(socket));
  }

  static async start(options: DoubleOptions = {}): Promise<DcDouble> {
    const server = createServer();
    const double = new DcDouble(server, options);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return double;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** To be found through the endpoint mapper. */
  get controller(): DomainController {
    return { host: "127.0.0.1", port: undefined, mapperPort: this.port };
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** As when its program starts anew: all connections end, and no key is known any more. */
  restart(): void {
    this.channels.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** To everyone who is connected, without having been asked. */
  say(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  async stop(): Promise<void> {
    this.restart();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    const conversation = new DcConversation(this, socket);
    socket.on("data", (chunk) => conversation.heard(chunk));
  }
}
