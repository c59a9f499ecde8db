/** oidc-provider as an authorization server on loopback: JWT and opaque access tokens, introspection, revocation, new keys. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import Provider from "oidc-provider";

/** Whoever asks for tokens here gets those of this user; a real one would have the user log on in a browser. */
export const CLIENTS = { alice: "alice-secret", bob: "bob-secret" } as const;
/** May introspect, like Postern. */
export const RESOURCE_SERVER = { clientId: "postern", clientSecret: "postern secret: 100%" };
export const AUDIENCE = "https://mail.example.com";

export type TokenUser = keyof typeof CLIENTS;
/** What a resource's tokens are: the address in the request decides. */
export type TokenKind = "jwt" | "opaque";

export class AuthorizationServer {
  #server: Server | undefined;
  #port = 0;
  #provider: Provider | undefined;

  static async start(): Promise<AuthorizationServer> {
    const server = new AuthorizationServer();
    await server.listen();
    await server.renewKeys("first");
    return server;
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get introspection(): string {
    return `${this.issuer}/token/introspection`;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => this.#provider!.callback()(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server!.close(resolve));
    this.#server!.closeAllConnections();
    await closed;
  }

  /** The old key is gone at once. */
  async renewKeys(kid: string): Promise<void> {
    const { privateKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk = { ...(await exportJWK(privateKey)), kid, use: "sig", alg: "RS256" };
    this.#provider = quietly(() => new Provider(this.issuer, configuration(jwk)));
  }

  /** An access token, by the client credentials grant with a resource indicator (RFC 6749 section 4.4, RFC 8707). */
  async token(user: TokenUser, kind: TokenKind, scope = "mail"): Promise<string> {
    const form = { grant_type: "client_credentials", resource: `${AUDIENCE}/${kind}`, scope };
    const answer = (await (await this.#post("/token", user, form)).json()) as { access_token?: string };
    if (answer.access_token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`);
    return answer.access_token;
  }

  /** RFC 7009. */
  async revoke(user: TokenUser, token: string): Promise<void> {
    const { status } = await this.#post("/token/revocation", user, { token });
    if (status !== 200) throw new Error(`not revoked: ${status}`);
  }

  #post(path: string, user: TokenUser, form: Readonly<Record<string, string>>): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${user}:${CLIENTS[user]}`).toString("base64")}`;
    const body = new URLSearchParams(form);
    return fetch(this.issuer + path, { method: "POST", headers: { authorization }, body });
  }
}

/** It warns of what only production minds: keys in memory, http, and a Node older than its own choice. */
function quietly<T>(make: () => T): T {
  const { info, warn } = console;
  console.info = console.warn = () => undefined;
  try {
    return make();
  } finally {
    Object.assign(console, { info, warn });
  }
}

function configuration(key: JWK): object {
  const client = (id: string, secret: string, grants: string[]): object => ({
    ...{ client_id: id, client_secret: secret, grant_types: grants, redirect_uris: [], response_types: [] },
    token_endpoint_auth_method: "client_secret_basic",
  });
  return {
    jwks: { keys: [key] },
    clients: [
      ...Object.entries(CLIENTS).map(([id, secret]) => client(id, secret, ["client_credentials"])),
      client(RESOURCE_SERVER.clientId, RESOURCE_SERVER.clientSecret, []),
    ],
    scopes: ["mail", "calendar"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
    },
    extraTokenClaims: (_context: unknown, { clientId }: { clientId: string }) => ({
      ...{ preferred_username: clientId, username: clientId, groups: ["staff"] },
    }),
  };
}

function resourceServer(_context: unknown, indicator: string): object {
  const accessTokenFormat = indicator.endsWith("/jwt") ? "jwt" : "opaque";
  const signed = { jwt: { sign: { alg: "RS256" } } };
  const base = { scope: "mail calendar", audience: AUDIENCE, accessTokenTTL: 600, accessTokenFormat };
  return accessTokenFormat === "jwt" ? { ...base, ...signed } : base;
}
