/** A web service on loopback for the `http` validator, whose handler is the test's, and one over a list of accounts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import type { Verdict } from "../../../src/core/verdict.ts";
import type { NtlmMinimum, NtlmNames } from "../../../src/core/evidence.ts";
import { LOOPBACK } from "../../peers/programs.ts";
import { VISIT } from "../conformance.ts";

export type Question = Readonly<Record<string, unknown>>;
export type Handler = (question: Question, request: IncomingMessage, response: ServerResponse, body: string) => unknown;

export interface TestService {
  readonly url: string;
  readonly server: Server;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** What the handler returns is answered as JSON; undefined: it has answered by itself, or never will. */
export async function serve(
  handler: Handler,
  tls?: { readonly key: string; readonly cert: string },
): Promise<TestService> {
  const requests: IncomingMessage[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request);
    void readAll(request).then(async (body) => {
      const answer = await handler(JSON.parse(body) as Question, request, response, body);
      if (answer !== undefined) response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    });
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://${LOOPBACK}:${port}/logon`,
    server,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString("utf8");
  return body;
}

/** A service that asks `validator` about what it is asked. */
export function judging(validator: Validator): Handler {
  return async (question) => {
    const verdict = await verdictOn(question, validator);
    if (verdict.kind !== "accepted")
      return {
        result: verdict.kind,
        ...("why" in verdict && { why: verdict.why }),
        ...("reason" in verdict && { reason: verdict.reason }),
      };
    const { sessionBaseKey, scheme, identity } = verdict;
    return { result: "accepted", ...identity, sessionBaseKey: sessionBaseKey && hex(sessionBaseKey), scheme };
  };
}

async function verdictOn(question: Question, { password, ntlm }: Validator): Promise<Verdict> {
  const asked = question as { readonly [key in string]: string };
  if (question["evidence"] === "password")
    return password!({ username: asked["username"]!, password: new Secret(asked["password"]!) }, VISIT);
  const bytes = (key: string) => Buffer.from(asked[key] ?? "", "hex");
  return ntlm!.verify(
    {
      names: question["names"] as NtlmNames[],
      workstation: asked["workstation"]!,
      serverChallenge: bytes("serverChallenge"),
      ntResponse: bytes("ntResponse"),
      lmResponse: bytes("lmResponse"),
      extendedSessionSecurity: question["extendedSessionSecurity"] === true,
      minimum: question["minimum"] as NtlmMinimum,
    },
    VISIT,
  );
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
