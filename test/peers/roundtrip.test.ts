/** Mail sent through Postern's SMTP and fetched through its POP3 and IMAP is the same, byte for byte. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { ImapFlow } from "imapflow";
import { visitByCurl } from "./clients/curl.ts";
import { arrival, loginAt, type Login } from "./login.ts";
import { run, without } from "./programs.ts";
import { openWorld, withoutWorld, type World } from "./world.ts";

const MEGABYTE = 1024 * 1024;

/** With all headers that Postfix would add if they were missing. */
function message(token: string, body: Buffer): Buffer {
  const headers = [
    "From: Alice <alice@example.com>",
    "To: bob@example.com",
    `Subject: ${token}`,
    "Date: Mon, 05 Jan 2026 10:00:00 +0000",
    `Message-ID: <${token}@example.com>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
  ];
  return Buffer.concat([Buffer.from(`${headers.join("\r\n")}\r\n\r\n`), body]);
}

function lines(...texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\r\n`).join(""));
}

/** Every byte that may stand in a line. */
const ALL_BYTES = Buffer.from(
  Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => ![0, 10, 13].includes(byte)),
);

/** Text lines with a dot in front of every tenth. */
function large(size: number): Buffer {
  const text = randomBytes(Math.ceil((size * 3) / 4)).toString("base64");
  let count = 0;
  return Buffer.from(text.replace(/.{1,76}/g, (line) => `${count++ % 10 === 0 ? "." : ""}${line}\r\n`));
}

const BODIES: Readonly<Record<string, Buffer>> = {
  "dots at line starts": lines(".", "..", "...", ".a", "a.", ". ", "", ".", "", "From here it goes on", "."),
  "every byte but NUL, CR and LF": Buffer.concat([ALL_BYTES, Buffer.from("\r\n")]),
  "text in UTF-8 and blanks at line ends": lines("Grüße, 漢字, \u{1f4ee}", "blanks  \t ", "\t"),
  "lines of 990, 2047 to 2049 and 100000 characters": lines(
    ...[990, 2047, 2048, 2049, 100_000].map((length) => "x".repeat(length)),
    ".".repeat(5000),
  ),
  "what looks like protocol": lines("QUIT", "a LOGOUT", "* BYE", "+OK", "-ERR", "{5}", "DATA", "250 ok", ")"),
  "nothing in its body": Buffer.alloc(0),
  "empty lines at its end": lines("text", "", "", ""),
  "5 MB": large(5 * MEGABYTE),
};

/** What Postfix writes above a message that it delivers. */
const ADDED = /^(?:(?:Return-Path|X-Original-To|Delivered-To|Received): .*\r\n(?:[ \t].*\r\n)*)+/;

describe("mail through Postern", { skip: without("curl") || withoutWorld() }, () => {
  let world!: World;
  before(async () => void (world = await openWorld()));
  after(() => world?.close());

  /** Sends a message through Postern, from alice to bob; resolves when it has arrived. */
  async function send(body: Buffer, change: Partial<Login> = {}): Promise<Buffer> {
    const login = loginAt(world, "smtp", { protocol: "smtp", mechanism: "NTLM", tls: "STARTTLS" });
    const sent = message(login.token, body);
    const { isIn, said } = await visitByCurl({ ...login, message: sent, ...change });
    assert.ok(isIn, said.slice(0, 4000));
    await arrival(world, login.token);
    return sent;
  }

  /** Bob's newest message, by curl. */
  async function fetch(protocol: "pop3" | "imap"): Promise<Buffer> {
    const login = loginAt(world, `${protocol}s`, { protocol, mechanism: "NTLM", tls: "TLS" }, { user: "bob" });
    const number = world.dovecot.messages("bob").length;
    const path = protocol === "pop3" ? `/${number}` : `/INBOX;MAILINDEX=${number}`;
    const url = `${protocol}s://${login.host}:${login.port}${path}`;
    const args = ["--silent", "--show-error", "--cacert", login.ca, "--login-options", "AUTH=NTLM"];
    const { code, stdout, said } = await run("curl", [...args, "--user", `bob:${login.password}`, url]);
    assert.equal(code, 0, said.slice(0, 4000));
    return stdout;
  }

  for (const [what, body] of Object.entries(BODIES)) {
    test(`a message with ${what} arrives as it was sent, by POP3 and by IMAP`, async () => {
      const sent = await send(body);
      for (const protocol of ["pop3", "imap"] as const) {
        const fetched = await fetch(protocol);
        const added = ADDED.exec(fetched.toString("latin1", 0, 4096))?.[0] ?? "";
        assert.notEqual(added, "", "Postfix has added nothing: was it there?");
        assertSame(fetched.subarray(added.length), sent, protocol);
      }
    });
  }

  test("5 MB put into a mailbox over IMAP come back the same over POP3", async () => {
    const { host, port, ca, password } = loginAt(world, "imap", { protocol: "imap", mechanism: "PLAIN", tls: "STARTTLS" }, { user: "bob" }); // prettier-ignore
    const client = new ImapFlow({ host, port, secure: false, doSTARTTLS: true, logger: false, tls: { ca: readFileSync(ca) }, auth: { user: "bob", pass: password } }); // prettier-ignore
    const sent = message("appended", large(5 * MEGABYTE));
    try {
      await client.connect();
      assert.ok(await client.append("INBOX", sent));
      await client.logout();
    } finally {
      client.close();
    }
    assertSame(await fetch("pop3"), sent, "pop3");
  });
});

/** A difference in megabytes is told by its place. */
function assertSame(got: Buffer, expected: Buffer, protocol: string): void {
  if (got.equals(expected)) return;
  const length = Math.max(got.length, expected.length);
  const place = Array.from({ length }, (_, index) => index).find((index) => got[index] !== expected[index])!;
  const around = (bytes: Buffer): string =>
    JSON.stringify(bytes.toString("latin1", Math.max(0, place - 20), place + 20));
  assert.fail(
    `${protocol}: ${got.length} bytes for ${expected.length}, different from byte ${place}: ${around(got)} for ${around(expected)}`,
  );
}
