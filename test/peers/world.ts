/** Everything that a mail client's user has: Postern in front, a real Dovecot and a real Postfix behind, and accounts. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned, type SelfSigned } from "../../src/sandbox/certificate.ts";
import { MAIL_GID, MAIL_UID, startDovecot, withoutDovecot, type Dovecot } from "./dovecot.ts";
import { Gateway, writeAccounts, type AccountOptions } from "./gateway.ts";
import { startPostfix, withoutPostfix, type Postfix } from "./postfix.ts";
import { LOOPBACK } from "./programs.ts";

/** At Postern. The servers behind know other passwords, which no client ever learns. */
export const ACCOUNTS: Readonly<Record<string, AccountOptions>> = {
  alice: { password: "front-Alice-71", attributes: { backpw: "back-Alice-52" } },
  bob: { password: "front-Bob-38", attributes: { backpw: "back-Bob-94" } },
  /** Has the same password in front and behind. */
  carol: { password: "same-Carol-16" },
};
export const BACKEND_PASSWORDS = { alice: "back-Alice-52", bob: "back-Bob-94", carol: "same-Carol-16" };
export const MASTER = { user: "gateway", password: "master-of-all-27" };
export const SHARED = "shared-by-all-63";
export const WRONG = "front-Wrong-00";

export type User = "alice" | "bob" | "carol";

export function passwordOf(user: User): string {
  return ACCOUNTS[user]!.password;
}

/** Why the world cannot be opened here; false when it can. Fits node:test's `skip`. */
export function withoutWorld(): string | false {
  return withoutDovecot() || withoutPostfix();
}

export interface World {
  readonly folder: string;
  /** PEM: the front's certificate, which is its own authority, for `localhost` and 127.0.0.1. */
  readonly ca: string;
  readonly front: SelfSigned;
  readonly behind: SelfSigned;
  readonly dovecot: Dovecot;
  readonly postfix: Postfix;
  readonly gateway: Gateway;
  /** Puts a message into a user's inbox, as if it had arrived. */
  deliver(user: User, message: string): void;
  /** An empty folder for a client. */
  room(name: string): string;
  close(): Promise<void>;
}

/** `adapt` may change the configuration before Postern reads it. */
export async function openWorld(
  adapt: (config: Configuration, servers: Servers) => object = (each) => each,
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "postern-peers-"));
  chmodSync(folder, 0o711);
  const room = (name: string): string => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  const front = selfSigned(["localhost"], [LOOPBACK]);
  const behind = selfSigned(["backend.example.com"], []);
  const postern = room("postern");
  const accounts = writeAccounts(join(postern, "users"), ACCOUNTS);
  const dovecot = await startDovecot({
    folder: room("dovecot"),
    ...behind,
    users: BACKEND_PASSWORDS,
    master: MASTER,
    shared: SHARED,
  });
  const postfix = await startPostfix({ folder: room("postfix"), ...behind, dovecot, users: Object.keys(ACCOUNTS) });
  for (const user of Object.keys(ACCOUNTS) as User[]) deliver(dovecot, user, greetingFor(user));
  for (const [name, text] of Object.entries({
    "cert.pem": front.cert,
    "behind.pem": behind.cert,
    "key.pem": front.key,
  }))
    writeFileSync(join(postern, name), text, { mode: 0o600 });
  await accounts;
  const gateway = await Gateway.start(postern, adapt(configuration({ dovecot, postfix }), { dovecot, postfix }));
  return {
    ...{ folder, front, behind, dovecot, postfix, gateway, room },
    ca: join(postern, "cert.pem"),
    deliver: (user, message) => deliver(dovecot, user, message),
    close: async () => {
      await Promise.all([gateway.stop(), postfix.stop(), dovecot.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What lies in everybody's inbox from the start. */
export function greetingFor(user: User): string {
  return [
    "From: Postmaster <postmaster@example.com>",
    `To: ${user}@example.com`,
    `Subject: This is ${user}'s mailbox`,
    `Message-ID: <greeting-${user}@example.com>`,
    "Date: Mon, 05 Jan 2026 10:00:00 +0000",
    "",
    `Only ${user} reads this.`,
    "",
  ].join("\n");
}

let delivered = 0;

function deliver({ mail }: Dovecot, user: User, message: string): void {
  const folders = ["", "Maildir", "Maildir/new", "Maildir/cur", "Maildir/tmp"].map((name) => join(mail, user, name));
  for (const path of folders) mkdirSync(path, { recursive: true });
  delivered += 1;
  const file = join(mail, user, "Maildir/new", `${Math.floor(Date.now() / 1000)}.M${delivered}.test`);
  writeFileSync(file, message);
  for (const path of [...folders, file]) chownSync(path, MAIL_UID, MAIL_GID);
}

export interface Servers {
  readonly dovecot: Dovecot;
  readonly postfix: Postfix;
}

export interface Configuration {
  readonly listeners: readonly object[];
  readonly backends: Readonly<Record<string, object>>;
  readonly [key: string]: unknown;
}

const FRONTS = [
  { protocol: "pop3", name: "pop3" },
  { protocol: "imap", name: "imap" },
  { protocol: "smtp", name: "smtp" },
];

/** All that the accounts have keys for. */
const SCRAM = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"];
const MECHANISMS = ["NTLM", ...SCRAM, "PLAIN", "LOGIN"];

/** For each protocol NAME: `NAME` with STARTTLS, `NAMEs` under TLS, `NAME-v1` with STARTTLS and NTLMv1 allowed. */
function configuration({ dovecot, postfix }: Servers): Configuration {
  return {
    server: { name: "mail.example.com" },
    tls: [{ cert: "cert.pem", key: "key.pem" }],
    listeners: FRONTS.flatMap(({ protocol, name }) => [
      { name, protocol, bind: `${LOOPBACK}:0`, tls: "starttls", mechanisms: MECHANISMS },
      { name: `${name}s`, protocol, bind: `${LOOPBACK}:0`, tls: "implicit", mechanisms: MECHANISMS },
      { name: `${name}-v1`, protocol, bind: `${LOOPBACK}:0`, tls: "starttls", ntlm: { minimum: "v1" } },
    ]),
    validators: { users: { type: "file", path: "users" } },
    backends: {
      behind: {
        imap: { host: LOOPBACK, port: dovecot.ports.imap },
        pop3: { host: LOOPBACK, port: dovecot.ports.pop3 },
        smtp: { host: LOOPBACK, port: postfix.ports.submission },
        logon: { method: "master", ...MASTER },
      },
    },
    limits: { failureDelay: "50ms", drain: "1s", connections: { perAddress: 1000 } },
    logging: { format: "json", level: "debug" },
  };
}
