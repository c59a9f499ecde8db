// A web service that Postern's `http` validator asks: accounts with scrypt hashes, requests signed with HMAC (RFC 9421).
// Run: POSTERN_KEY=... PORT=8080 node server.mjs
import { createHash, createHmac, scryptSync, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const KEY = process.env["POSTERN_KEY"] ?? "";
const PORT = Number(process.env["PORT"] ?? 8080);
const AGE_LIMIT = 60; // seconds that a signature is good for
const BODY_LIMIT = 65_536;
if (KEY.length < 16) throw new Error("set POSTERN_KEY to the key in Postern's configuration, 16 characters or more");

// Your database. scrypt's hash of "Password1" with the salt "salt of alice".
const accounts = new Map([
  ["alice", { salt: "salt of alice", hash: hashOf("Password1", "salt of alice"), groups: ["staff"], disabled: false }],
  ["dave", { salt: "salt of dave", hash: hashOf("dave's", "salt of dave"), groups: [], disabled: true }],
]);
// Unknown names cost as much as known ones, so that nobody learns by the time it takes which there are.
const nobody = { salt: "salt of nobody", hash: Buffer.alloc(32), groups: [], disabled: false };

function hashOf(password, salt) {
  return scryptSync(password, salt, 32);
}

function verify({ username, password }) {
  const name = username.toLowerCase().replace(/@example\.com$/, "");
  const account = accounts.get(name) ?? nobody;
  const isRight = timingSafeEqual(hashOf(password, account.salt), account.hash);
  if (account === nobody) return { result: "unknown" };
  if (!isRight) return { result: "denied", reason: "bad-credentials", user: name };
  if (account.disabled) return { result: "denied", reason: "disabled", user: name };
  return { result: "accepted", user: name, mailbox: `${name}@example.com`, groups: account.groups };
}

function isSigned({ method, headers, url }, body) {
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const input = /^postern=(\("@method" "@authority" "@path" "content-digest"\);created=(\d+);.*)$/.exec(
    headers["signature-input"] ?? "",
  );
  if (input === null || headers["content-digest"] !== digest) return false;
  if (Math.abs(Date.now() / 1000 - Number(input[2])) > AGE_LIMIT) return false;
  const base = [
    `"@method": ${method}`,
    `"@authority": ${headers.host}`,
    `"@path": ${url}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${input[1]}`,
  ].join("\n");
  const expected = `postern=:${createHmac("sha256", KEY).update(base).digest("base64")}:`;
  const given = Buffer.from(String(headers["signature"]));
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
}

const server = createServer(async (request, response) => {
  const answer = (status, object) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(object));
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) return request.destroy();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (!isSigned(request, body)) return answer(401, { error: "the signature is missing, wrong or old" });
  const question = JSON.parse(body.toString());
  if (question.version !== 1 || question.evidence !== "password")
    return answer(400, { error: "only passwords are judged here" });
  answer(200, verify(question));
});

server.listen(PORT, "127.0.0.1", () => console.log(`listening on port ${server.address().port}`));
