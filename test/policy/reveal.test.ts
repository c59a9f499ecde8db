/** What strangers learn from the CHALLENGE is the listener's choice, and clients log on whatever it says. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { authenticateMessage, negotiateMessage } from "../../src/ntlm/initiator.ts";
import { joinFlags, NegotiateFlag as Flag } from "../../src/ntlm/flags.ts";
import type { OemCharset } from "../../src/ntlm/oem.ts";
import type { StagedBackend } from "../support/backend.ts";
import { openEchoBackend } from "../support/echo-backend.ts";
import { ACCOUNTS, startGateway, type RunningGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
let store: StagedBackend;
before(async () => {
  store = await openEchoBackend("imap");
  gateway = await startGateway(
    {
      server: { name: "mail.example.com", netbios: { domain: "NOWHERE", computer: "NOBODY" } },
      listeners: [
        { name: "open", tls: "off", mechanisms: ["NTLM"] },
        { name: "quiet", tls: "off", mechanisms: ["NTLM"], ntlm: { reveal: { names: "minimal", version: false } } },
        { name: "russian", tls: "off", mechanisms: ["NTLM"], ntlm: { codePages: ["cp866"] } },
      ],
      backends: {
        store: {
          imap: { host: "127.0.0.1", port: store.port },
          logon: { method: "master", user: "gate", password: "keeper" },
        },
      },
    },
    { accounts: `${ACCOUNTS}иван:{PLAIN}secret::::::mailbox=ivan\n` },
  );
});
after(async () => {
  await gateway.stop();
  store.close();
});

const OEM_ONLY = joinFlags(
  Flag.NTLM_NEGOTIATE_OEM,
  Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY,
  Flag.NTLMSSP_NEGOTIATE_NTLM,
  Flag.NTLMSSP_REQUEST_TARGET,
);

/** The CHALLENGE, and what is said to alice of this domain. */
async function logOn(
  listener: string,
  domain: string,
  { user = "alice", oem }: { readonly user?: string; readonly oem?: OemCharset } = {},
): Promise<{ challenge: Buffer; answer: string }> {
  const client = await gateway.dial(listener);
  await client.line();
  client.send("a1 AUTHENTICATE NTLM\r\n");
  await client.line();
  const negotiate = negotiateMessage("NTLMv2", oem && OEM_ONLY);
  client.send(`${negotiate.toString("base64")}\r\n`);
  const challenge = Buffer.from((await client.line()).slice(2), "base64");
  const { message } = authenticateMessage({
    ...{ user, domain, password: "secret", negotiate, challenge, time: 0n, ...(oem && { oemCharset: oem }) },
    ...{ clientChallenge: Buffer.alloc(8, 1), exportedSessionKey: Buffer.alloc(16, 2) },
  });
  client.send(`${message.toString("base64")}\r\n`);
  const answer = await client.line();
  client.destroy();
  return { challenge, answer };
}

const has = (challenge: Buffer, name: string): boolean => challenge.includes(Buffer.from(name, "utf16le"));

test("a listener that reveals everything says its DNS names", async () => {
  const { challenge } = await logOn("open", "");
  assert.equal(has(challenge, "mail.example.com"), true);
});

test("a quiet one says invented NetBIOS names, no DNS name and no version", async () => {
  const { challenge } = await logOn("quiet", "");
  assert.deepEqual(
    ["NOWHERE", "NOBODY", "mail", "example"].map((name) => has(challenge, name)),
    [true, true, false, false],
  );
  assert.deepEqual(challenge.subarray(48, 56), Buffer.alloc(8));
});

test("clients log on that name no domain, or the invented one that they were shown (libntlm)", async () => {
  for (const listener of ["open", "quiet"])
    for (const domain of ["", "NOWHERE", "nowhere", "NOBODY"])
      assert.match((await logOn(listener, domain)).answer, /^a1 OK/, `${listener} ${domain}`);
  assert.match((await logOn("quiet", "ELSEWHERE")).answer, /^a1 NO/);
});

test("8-bit names are read in the listener's code pages", async () => {
  assert.match((await logOn("russian", "", { user: "иван", oem: "cp866" })).answer, /^a1 OK/);
  assert.match((await logOn("open", "", { user: "иван", oem: "cp866" })).answer, /^a1 NO/);
  assert.match((await logOn("open", "", { user: "иван", oem: "utf-8" })).answer, /^a1 OK/);
});
