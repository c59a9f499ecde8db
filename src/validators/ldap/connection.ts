/** One connection to one server: protected as configured or not made at all, bounded in time and size, never made twice. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Client, type Entry, type Filter } from "ldapts";
import { DirectoryFailure, failureOf } from "./failure.ts";
import type { LdapServer } from "./options.ts";
import { GuardedStream } from "./guarded-stream.ts";
import { askForTls } from "./start-tls.ts";
import { hostPort } from "../../wire/networks.ts";

export interface ConnectionOptions {
  /** PEM. */
  readonly ca: string | undefined;
  /** Milliseconds, for each step. */
  readonly timeout: number;
}

export interface SearchRequest {
  readonly base: string;
  readonly scope: "base" | "one" | "sub";
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** More entries are an error or, with `isSizeLimited`, left out. */
  readonly limit: number;
}

/** Attributes that are no text, as directories write their names. */
const BINARY = ["objectSid", "tokenGroups", "logonHours"];
/** After so long a connection is made anew: a preferred server may be back, or an address have changed. Milliseconds. */
const AGE_LIMIT = 300_000;

/** Rejects with DirectoryFailure. */
export async function openConnection(server: LdapServer, options: ConnectionOptions): Promise<Connection> {
  const socket = connect({ host: server.host, port: server.port, noDelay: true });
  // What goes wrong is heard of below, where somebody waits; an error that nobody hears would be a fault of ours.
  socket.on("error", ignore);
  const late = setTimeout(() => socket.destroy(new Error("it took too long")), options.timeout);
  try {
    const ready = await secure(socket, server, options);
    return new Connection(ready, server, options.timeout);
  } catch (error) {
    socket.destroy();
    throw failureOf(error, `${hostPort(server)} cannot be reached`);
  } finally {
    clearTimeout(late);
  }
}

async function secure(socket: Socket, { host, security }: LdapServer, { ca }: ConnectionOptions): Promise<Socket> {
  await event(socket, "connect");
  if (security === "none") return socket;
  if (security === "starttls") await askForTls(socket);
  const name = isIP(host) === 0 ? { servername: host } : {};
  const tls = connectTls({ socket, host, ...name, ...(ca !== undefined && { ca }) });
  tls.on("error", ignore);
  socket.on("error", (error) => tls.destroy(error));
  await event(tls, "secureConnect");
  return tls;
}

const ignore = (): void => undefined;

function event(socket: Socket | TLSSocket, name: "connect" | "secureConnect"): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onClose = () => reject(new Error("the connection was closed"));
    socket.once("error", reject).once("close", onClose);
    socket.once(name, () => {
      socket.off("error", reject).off("close", onClose);
      resolve();
    });
  });
}

export class Connection {
  readonly server: LdapServer;
  readonly #client: Client;
  readonly #stream: GuardedStream;
  readonly #born = performance.now();
  #isSpoilt = false;

  constructor(socket: Socket, server: LdapServer, timeout: number) {
    this.server = server;
    const stream = new GuardedStream(socket);
    this.#stream = stream;
    let isTaken = false;
    // The driver would connect again by itself, and in clear, when the connection is lost.
    const createConnection = () => {
      if (isTaken) throw new Error("the connection is lost");
      isTaken = true;
      // Of a socket the driver uses what any stream has, and the two properties that this one has as well.
      return stream as unknown as Socket;
    };
    this.#client = new Client({ url: "ldap://directory.invalid", timeout, createConnection });
    stream.on("error", ignore);
  }

  get isUsable(): boolean {
    return this.#stream.readyState === "open" && !this.#isSpoilt && performance.now() - this.#born < AGE_LIMIT;
  }

  /** A simple bind with a password that is not empty. Rejects with the driver's error, its result code included. */
  async bind(name: string, password: string): Promise<void> {
    // An empty password is an anonymous bind, which succeeds (RFC 4513 section 5.1.2); a name without these could be a
    // SASL mechanism to the driver.
    if (password === "" || !/[=@\\]/.test(name)) throw new DirectoryFailure("a bind that would prove nothing", false);
    this.#stream.startAnswer();
    await this.#client.bind(name, password);
  }

  /** Rejects with the driver's error. References to other servers are not followed. */
  async search({ base, scope, filter, attributes, limit }: SearchRequest): Promise<readonly Entry[]> {
    this.#stream.startAnswer();
    const { searchEntries } = await this.#client.search(base, {
      ...{ scope, filter, sizeLimit: limit, derefAliases: "never", explicitBufferAttributes: BINARY },
      attributes: [...attributes],
    });
    return searchEntries;
  }

  close(): void {
    this.#isSpoilt = true;
    this.#stream.destroy();
  }
}
