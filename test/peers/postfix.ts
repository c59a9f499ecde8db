/** A real Postfix of one's own: submission with SASL through Dovecot, with and without XCLIENT, delivery into Dovecot's maildirs. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, MAIL_GID, MAIL_UID, type Dovecot } from "./dovecot.ts";
import { eventually, find, freePort, LOOPBACK, Running, without } from "./programs.ts";

export interface PostfixOptions {
  /** An empty folder that others may enter. */
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  readonly dovecot: Dovecot;
  /** Mailboxes of `example.com`. */
  readonly users: readonly string[];
}

export interface PostfixPorts {
  /** In clear, and with STARTTLS. */
  readonly submission: number;
  readonly submissions: number;
  /** As submission, and whoever connects from loopback may say who its client is. */
  readonly xclient: number;
}

export interface Postfix {
  readonly ports: PostfixPorts;
  log(): string;
  /** Again on the same ports, after `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Why no Postfix can be started here; false when one can. */
export function withoutPostfix(): string | false {
  return process.getuid?.() === 0 ? without("postfix", "postconf") : "Postfix can only be started by root";
}

export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const { folder } = options;
  const ports = { submission: await freePort(), submissions: await freePort(), xclient: await freePort() };
  const etc = join(folder, "etc");
  makeFolders(folder);
  writeFileSync(join(etc, "cert.pem"), options.cert);
  writeFileSync(join(etc, "key.pem"), options.key, { mode: 0o600 });
  writeFileSync(join(etc, "main.cf"), mainCf(options));
  writeFileSync(join(etc, "master.cf"), masterCf(ports));
  let server: Running | undefined;
  const postfix: Postfix = {
    ports,
    log: () => readFileSync(join(folder, "log"), "utf8"),
    start: async () => {
      const running = new Running(join(postconf("daemon_directory"), "master"), ["-c", etc, "-s"]);
      server = running;
      await listening(running, Object.values(ports), folder);
    },
    stop: async () => void (await server?.stop()),
  };
  await postfix.start();
  return postfix;
}

async function listening(server: Running, ports: readonly number[], folder: string): Promise<void> {
  for (const port of ports) {
    await eventually(`Postfix on port ${port}`, async () => {
      if (!server.isAlive) throw new Error(`Postfix has ended: ${server.said}${readFileSync(join(folder, "log"))}`);
      return (await answers(port)) ? true : undefined;
    });
  }
}

function postconf(parameter: string): string {
  return execFileSync(find("postconf")!, ["-d", "-h", parameter], { encoding: "utf8" }).trim();
}

/** What `postfix start` would make, which takes it seconds. */
const QUEUES = "active bounce corrupt defer deferred flush hold incoming private saved trace".split(" ");

function makeFolders(folder: string): void {
  const postfix = Number(execFileSync("id", ["-u", "postfix"]));
  const postdrop = Number(execFileSync("getent", ["group", "postdrop"], { encoding: "utf8" }).split(":")[2]);
  const make = (name: string, mode: number, owner: number, group: number): void => {
    mkdirSync(join(folder, name));
    chownSync(join(folder, name), owner, group);
    chmodSync(join(folder, name), mode);
  };
  make("etc", 0o755, 0, 0);
  make("data", 0o700, postfix, 0);
  make("queue", 0o755, 0, 0);
  make("queue/pid", 0o755, 0, 0);
  make("queue/maildrop", 0o730, postfix, postdrop);
  make("queue/public", 0o710, postfix, postdrop);
  for (const name of QUEUES) make(`queue/${name}`, 0o700, postfix, 0);
}

const MEGABYTES_32 = 32 * 1024 * 1024;

function mainCf({ folder, dovecot, users }: PostfixOptions): string {
  const mailboxes = users.map((user) => `{ ${user}@example.com = ${user}/Maildir/ }`).join(", ");
  return `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = backend.example.com
mydestination =
inet_interfaces = ${LOOPBACK}
inet_protocols = ipv4
# Nobody may send without logging on.
mynetworks = 127.255.255.254/32
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${dovecot.authSocket}
smtpd_sasl_security_options = noanonymous
smtpd_sasl_authenticated_header = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = ${folder}/etc/cert.pem
smtpd_tls_key_file = ${folder}/etc/key.pem
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
virtual_mailbox_domains = example.com
virtual_mailbox_base = ${dovecot.mail}
virtual_mailbox_maps = inline:{ ${mailboxes} }
virtual_minimum_uid = 1
virtual_uid_maps = static:${MAIL_UID}
virtual_gid_maps = static:${MAIL_GID}
virtual_mailbox_limit = 0
message_size_limit = ${MEGABYTES_32}
alias_maps =
alias_database =
`;
}

function masterCf({ submission, submissions, xclient }: PostfixPorts): string {
  return `
${LOOPBACK}:${submission} inet n - n - - smtpd
${LOOPBACK}:${submissions} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
${LOOPBACK}:${xclient} inet n - n - - smtpd -o smtpd_authorized_xclient_hosts=${LOOPBACK}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;
}
