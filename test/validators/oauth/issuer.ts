/** A small authorization server on loopback: discovery, key set and introspection, and everything that can go wrong there. */
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { Secret } from "../../../src/core/secret.ts";
import type { Verdict } from "../../../src/core/verdict.ts";
import type { Validator } from "../../../src/core/validator.ts";
import type { SelfSigned } from "../../../src/sandbox/certificate.ts";
import { VISIT } from "../../support/visit.ts";

export interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function makeKey(kid: string, alg = "ES256"): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** Answers instead of the server's own; undefined: answers as usual. */
export type Trouble = (request: IncomingMessage, response: ServerResponse) => boolean;

/** undefined: without this claim. */
export type TestClaims = Readonly<Record<string, unknown>>;

export class Issuer {
  /** What the key set holds now. */
  keys: Key[] = [];
  trouble: Trouble | undefined;
  /** What introspection says, by token; nothing: inactive. */
  readonly known = new Map<string, object>();
  /** `GET /jwks` and so on, in order. */
  readonly asked: string[] = [];
  /** The last introspection's Authorization header and body. */
  lastQuestion = { authorization: "", body: "" };
  readonly #scheme: string;
  readonly #tls: SelfSigned | undefined;
  #server: Server;
  #port = 0;

  private constructor(tls: SelfSigned | undefined) {
    this.#scheme = tls ? "https" : "http";
    this.#tls = tls;
    this.#server = this.#make();
  }

  static async start({ tls, keys = [] }: { tls?: SelfSigned; keys?: Key[] } = {}): Promise<Issuer> {
    const issuer = new Issuer(tls);
    issuer.keys = keys;
    await issuer.listen();
    return issuer;
  }

  /** The issuer's name, without a slash at the end. */
  get url(): string {
    return `${this.#scheme}://localhost:${this.#port}`;
  }

  count(what: string): number {
    return this.asked.filter((each) => each === what).length;
  }

  /** A token as mail clients would get one; `claims` replace the usual ones, undefined takes one away. */
  token(key: Key, claims: TestClaims = {}, header: object = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const usual = {
      iss: this.url,
      aud: "mail",
      sub: "a1",
      preferred_username: "alice@example.com",
      scope: "openid mail",
    };
    return new SignJWT({ ...usual, iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "at+jwt", ...header })
      .sign(key.privateKey);
  }

  listen(): Promise<void> {
    return new Promise((resolve) =>
      this.#server.listen(this.#port, "localhost", () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      }),
    );
  }

  /** Ends all connections; listen() opens the same port again. */
  async stop(): Promise<void> {
    const server = this.#server as ReturnType<typeof createHttp>;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    this.#server = this.#make();
  }

  #make(): Server {
    const listener: RequestListener = (request, response) => void this.#answer(request, response);
    return this.#tls ? createHttps({ cert: this.#tls.cert, key: this.#tls.key }, listener) : createHttp(listener);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(`${request.method} ${request.url}`);
    if (this.trouble?.(request, response)) return;
    const body = await text(request);
    this.lastQuestion = { authorization: request.headers.authorization ?? "", body };
    const json = this.#page(request.url ?? "", body);
    response.writeHead(json === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(json ?? {}));
  }

  #page(path: string, body: string): object | undefined {
    if (path === "/.well-known/openid-configuration") return { issuer: this.url, jwks_uri: `${this.url}/jwks` };
    if (path === "/jwks") return { keys: this.keys.map(({ publicJwk }) => publicJwk) };
    if (path !== "/introspect") return undefined;
    return this.known.get(new URLSearchParams(body).get("token") ?? "") ?? { active: false };
  }
}

export async function judge(validator: Validator, token: string, username = ""): Promise<Verdict> {
  return validator.bearer!.verify({ username, token: new Secret(token) }, VISIT);
}

/** "accepted alice", "denied bad-credentials: the token has expired", "unavailable: ...". */
export function words(verdict: Verdict): string {
  if (verdict.kind === "accepted") return `accepted ${verdict.identity.user}`;
  return verdict.kind === "denied" ? `denied ${verdict.reason}: ${verdict.why}` : `${verdict.kind}: ${verdict.why}`;
}
