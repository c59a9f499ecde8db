/** Servers that stop in the middle of StartTLS, or say nonsense there: the connection fails in time, and nothing else does. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { openConnection } from "../../../src/validators/ldap/connection.ts";

/** ExtendedResponse with result 0: RFC 4511 section 4.12. */
const READY = Buffer.from("300c02010178070a010004000400", "hex");

/** The port of a server that answers StartTLS with `answer`, and nothing after it. */
async function serverThatSays(answer: Buffer, t: TestContext): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const cases: readonly (readonly [what: string, answer: Buffer, why: RegExp])[] = [
  ["says nothing", Buffer.alloc(0), /cannot be reached: it took too long$/],
  ["is ready for TLS and then says nothing", READY, /cannot be reached: it took too long$/],
  ["is ready for TLS and speaks on in clear", Buffer.concat([READY, READY]), /more than its answer$/],
  ["answers with a length that no message has", Buffer.from("3080", "hex"), /answer is no LDAP$/],
  ["answers with text", Buffer.from("220 mail.example.com ESMTP\r\n"), /answer is no LDAP$/],
];
for (const [what, answer, why] of cases)
  test(`a server that ${what}`, async (t) => {
    const server = { host: "127.0.0.1", port: await serverThatSays(answer, t), security: "starttls" } as const;
    const attempts = Array.from({ length: 20 }, () => openConnection(server, { timeout: 100, ca: undefined }));
    for (const attempt of attempts) await assert.rejects(attempt, { name: "DirectoryFailure", message: why });
  });
