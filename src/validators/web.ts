/** Requests to an authorization server: to configured origins only, no redirects, bounded in time and size. */
import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

/** Key sets and introspection answers have a few kilobytes; the rest is an attack. */
const BODY_LIMIT = 262_144;
/** A client's connection in each direction is one of these at most. */
const SOCKETS = 16;

/** There is no answer that could be used. The message is for the log and names the host, never what was sent. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
}

const CLOSED = new HttpFailure("the validator is closed");

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpOptions {
  /** Whose origins may be asked. */
  readonly urls: readonly string[];
  /** PEM. */
  readonly ca: string | undefined;
  /** Milliseconds from the request to the answer's last byte. */
  readonly timeout: number;
}

export class Http {
  readonly #origins: ReadonlySet<string>;
  readonly #timeout: number;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: SOCKETS });
  readonly #https: HttpsAgent;
  readonly #running = new Set<(why: HttpFailure) => void>();
  #isClosed = false;

  /** Throws Error with a sentence for the administrator about an address that may not be used. */
  constructor({ urls, ca, timeout }: HttpOptions) {
    this.#origins = new Set(urls.map((url) => checkedUrl(url).origin));
    this.#timeout = timeout;
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS, ...(ca !== undefined && { ca }) });
  }

  /** Rejects with HttpFailure. A connection that the server had closed meanwhile is tried again once. */
  async request(url: URL, asked: HttpRequest): Promise<HttpAnswer> {
    if (!this.#origins.has(url.origin)) throw new HttpFailure(`${url.origin} is not an origin of the configuration`);
    const attempt = await this.#attempt(url, asked);
    if (attempt !== "stale connection") return attempt;
    const again = await this.#attempt(url, asked);
    if (again === "stale connection") throw new HttpFailure(`${url.host} closes its connections`);
    return again;
  }

  /** Ends what is under way. */
  close(): void {
    this.#isClosed = true;
    for (const abandon of this.#running) abandon(CLOSED);
    this.#http.destroy();
    this.#https.destroy();
  }

  #attempt(url: URL, asked: HttpRequest): Promise<HttpAnswer | "stale connection"> {
    if (this.#isClosed) return Promise.reject(CLOSED);
    return new Promise((resolve, reject) => {
      const request = this.#send(url, asked);
      const abandon = (why: HttpFailure): void => {
        reject(why);
        request.destroy();
      };
      const late = new HttpFailure(`${url.host} did not answer within ${this.#timeout / 1000} s`);
      const timer = setTimeout(() => abandon(late), this.#timeout);
      this.#running.add(abandon);
      request.once("response", (response) => void readAnswer(response, url.host).then(resolve, reject));
      request.on("error", (error: NodeJS.ErrnoException) => {
        if (request.reusedSocket && error.code === "ECONNRESET") resolve("stale connection");
        else reject(failure(error, url.host));
      });
      request.once("close", () => {
        clearTimeout(timer);
        this.#running.delete(abandon);
      });
      request.end(asked.body);
    });
  }

  #send(url: URL, { method, headers, body }: HttpRequest): ClientRequest {
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const fixed = { accept: "application/json", "accept-encoding": "identity", "user-agent": "postern" };
    const all = { ...fixed, ...headers, ...length };
    return url.protocol === "https:"
      ? requestHttps(url, { method, headers: all, agent: this.#https })
      : requestHttp(url, { method, headers: all, agent: this.#http });
  }
}

async function readAnswer(response: IncomingMessage, host: string): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = response;
  const refuse = (why: string): never => {
    response.destroy();
    throw new HttpFailure(`${host} ${why}`);
  };
  if (status >= 300 && status < 400) refuse("wants to send us elsewhere, which is refused");
  if ((headers["content-encoding"] ?? "identity") !== "identity")
    refuse("answers in an encoding that was not asked for");
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > BODY_LIMIT) refuse(`answers with more than ${BODY_LIMIT} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw failure(error, host);
  }
  return { status, body: Buffer.concat(chunks).toString("utf8") };
}

/** Codes say enough; messages of other layers are not printed, for nobody knows what stands in them. */
function failure(error: unknown, host: string): HttpFailure {
  if (error instanceof HttpFailure) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "the connection failed";
  return new HttpFailure(`${host} cannot be asked: ${code}`);
}

/** An object, or HttpFailure. */
export function parseObject({ body }: HttpAnswer, host: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new HttpFailure(`${host} does not answer with a JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** https, or http to this machine: tokens and keys cross no network in clear. Throws Error with a sentence. */
export function checkedUrl(text: string): URL {
  if (!URL.canParse(text)) throw new Error(`${text} is not a URL`);
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") throw new Error(`a URL of ${url.host} has a password in it`);
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new Error(`${url.origin} is not https`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
