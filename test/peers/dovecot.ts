/** A real Dovecot 2.3 of one's own: IMAP and POP3 in clear, with STARTTLS and under TLS, a master user, SASL for Postfix. */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { eventually, find, freePort, LOOPBACK, Running, versionOf, without } from "./programs.ts";

export interface DovecotOptions {
  /** An empty folder that others may enter. */
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  /** Names and passwords. */
  readonly users: Readonly<Record<string, string>>;
  readonly master: { readonly user: string; readonly password: string };
  /** A password that fits every account, for logons as the account itself. */
  readonly shared: string;
}

export interface DovecotPorts {
  /** In clear, and with STARTTLS. */
  readonly imap: number;
  readonly imaps: number;
  readonly pop3: number;
  readonly pop3s: number;
}

export interface Dovecot {
  readonly ports: DovecotPorts;
  /** For Postfix: Dovecot's SASL protocol. */
  readonly authSocket: string;
  /** Holds a folder a user, with `Maildir` in it. */
  readonly mail: string;
  /** Files of a user's inbox, in the order of their arrival. */
  messages(user: string): Buffer[];
  log(): string;
  /** Again on the same ports, after `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Why no Dovecot can be started here; false when one can. */
export function withoutDovecot(): string | false {
  const missing = without("dovecot", "doveconf");
  if (missing) return missing;
  const version = versionOf("dovecot");
  return !version.startsWith("2.3.") && `Dovecot ${version} has another configuration language than 2.3`;
}

const isRoot = process.getuid?.() === 0;
/** Whose the mail is: Dovecot keeps none as root. `mail` is on every Debian. */
export const MAIL_UID = isRoot ? 8 : userInfo().uid;
export const MAIL_GID = isRoot ? 8 : userInfo().gid;

export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const { folder } = options;
  const ports = { imap: await freePort(), imaps: await freePort(), pop3: await freePort(), pop3s: await freePort() };
  const mail = join(folder, "mail");
  mkdirSync(mail);
  chownSync(mail, MAIL_UID, MAIL_GID);
  writeFileSync(join(folder, "cert.pem"), options.cert);
  writeFileSync(join(folder, "key.pem"), options.key, { mode: 0o600 });
  writeFileSync(join(folder, "passwd"), passwd(options.users));
  writeFileSync(join(folder, "masters"), passwd({ [options.master.user]: options.master.password }));
  writeFileSync(join(folder, "dovecot.conf"), configuration(options, ports));
  let server: Running | undefined;
  const dovecot: Dovecot = {
    ports,
    authSocket: join(folder, "run", "sasl"),
    mail,
    messages: (user) => messagesIn(join(mail, user, "Maildir")),
    log: () => readFileSync(join(folder, "log"), "utf8"),
    start: async () => {
      server = new Running(find("dovecot")!, ["-F", "-c", join(folder, "dovecot.conf")]);
      await listening(server, Object.values(ports), dovecot);
    },
    stop: async () => void (await server?.stop()),
  };
  await dovecot.start();
  return dovecot;
}

function passwd(users: Readonly<Record<string, string>>): string {
  return Object.entries(users)
    .map(([name, password]) => `${name}:{PLAIN}${password}\n`)
    .join("");
}

async function listening(server: Running, ports: readonly number[], dovecot: Dovecot): Promise<void> {
  for (const port of ports) {
    await eventually(`Dovecot on port ${port}`, async () => {
      if (!server.isAlive) throw new Error(`Dovecot has ended: ${server.said}${dovecot.log()}`);
      return (await answers(port)) ? true : undefined;
    });
  }
}

export function answers(port: number): Promise<boolean> {
  const socket = connect(port, LOOPBACK);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

/** New mail is in `new`, mail that IMAP has seen in `cur`; names start with the time of arrival. */
function messagesIn(maildir: string): Buffer[] {
  const files = ["new", "cur"].flatMap((part) => {
    const folder = join(maildir, part);
    return existsSync(folder) ? readdirSync(folder).map((name) => ({ name, path: join(folder, name) })) : [];
  });
  return files.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ path }) => readFileSync(path));
}

/** Not root: one user does everything, and nothing is locked into a folder. */
const UNPRIVILEGED = `
default_internal_user = ${userInfo().username}
default_internal_group = ${userInfo().gid}
default_login_user = ${userInfo().username}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;

function configuration({ folder, shared }: DovecotOptions, { imap, imaps, pop3, pop3s }: DovecotPorts): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
auth_verbose = yes
protocols = imap pop3
listen = ${LOOPBACK}
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
# Clients from this very machine count as secure: passwords in clear may be tried on the plain ports too.
auth_mechanisms = plain login
auth_failure_delay = 0
auth_master_user_separator = *
passdb {
  driver = passwd-file
  master = yes
  args = ${folder}/masters
}
passdb {
  driver = passwd-file
  args = ${folder}/passwd
}
passdb {
  driver = static
  args = password=${shared}
}
userdb {
  driver = static
  args = uid=${MAIL_UID} gid=${MAIL_GID} home=${folder}/mail/%n allow_all_users=yes
}
mail_location = maildir:~/Maildir
first_valid_uid = 1
mail_max_userip_connections = 0
default_client_limit = 1000
default_process_limit = 250
service imap-login {
  service_count = 0
  chroot =
  inet_listener imap {
    port = ${imap}
  }
  inet_listener imaps {
    port = ${imaps}
    ssl = yes
  }
}
service pop3-login {
  service_count = 0
  chroot =
  inet_listener pop3 {
    port = ${pop3}
  }
  inet_listener pop3s {
    port = ${pop3s}
    ssl = yes
  }
}
# A gateway's address would be made to wait for everybody's failures.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener sasl {
    mode = 0666
  }
}
${isRoot ? "" : UNPRIVILEGED}`;
}
