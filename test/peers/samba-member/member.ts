/** A host that has joined the test domain: a winbindd of its own, in namespaces of its own because its socket's place is fixed. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, Running } from "../programs.ts";
import { DOMAIN, type DomainController } from "../samba-dc/domain-controller.ts";

export interface Member {
  /** What goes before a command that shall find this host's winbindd. */
  inside(): readonly string[];
  /** The path of its smb.conf. */
  readonly configuration: string;
  /** winbindd without a goodbye. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** The host's name; the domain has a computer account of it, whose password joining sets anew. */
export const MEMBER_NAME = "MAIL";

const FOLDERS = ["private", "state", "cache", "lock", "pid", "log", "ncalrpc"];

export async function startMember(dc: DomainController): Promise<Member> {
  const folder = mkdtempSync(join(tmpdir(), "postern-member-"));
  const configuration = writeFiles(folder, dc);
  let running: Running | undefined;
  const member: Member = {
    configuration,
    inside: () => ["nsenter", "--target", String(winbindd(running)), "--mount", "--"],
    kill: async () => {
      running?.kill("SIGKILL");
      await running?.exited;
    },
    start: async () => {
      const isolated = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL", "--"];
      const started = new Running("unshare", [...isolated, "sh", join(folder, "inside.sh")]);
      running = started;
      await eventually("a winbindd that has joined", () => {
        if (!started.isAlive) throw new Error(`winbindd has ended: ${started.said}`);
        return isJoined(started) || undefined;
      });
    },
    close: async () => {
      await member.kill();
      // What winbindd has started ends a moment after it, and may still write.
      rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 100 });
    },
  };
  await member.start().catch(async (error: unknown) => {
    await member.close();
    throw error;
  });
  return member;
}

/** The script's own process, which becomes winbindd in the end. */
function winbindd(running: Running | undefined): number {
  const pid = running?.pid ?? 0;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

function isJoined(running: Running): boolean {
  const pid = winbindd(running);
  if (pid === 0) return false;
  return spawnSync("nsenter", ["--target", String(pid), "--mount", "--", "wbinfo", "-t"]).status === 0;
}

function writeFiles(folder: string, dc: DomainController): string {
  for (const name of FOLDERS) mkdirSync(join(folder, name));
  const configuration = join(folder, "smb.conf");
  const realm = DOMAIN.dns.toUpperCase();
  const places = ["private dir", "state directory", "cache directory", "lock directory", "ncalrpc dir"].map(
    (key) => `${key} = ${join(folder, key.split(" ")[0] ?? "")}`,
  );
  const lines = [
    "[global]",
    ...["security = ads", `realm = ${realm}`, `workgroup = ${DOMAIN.netbios}`, `netbios name = ${MEMBER_NAME}`],
    ...["interfaces = lo", "bind interfaces only = yes", "disable spoolss = yes", "load printers = no"],
    ...["idmap config * : backend = tdb", "idmap config * : range = 100000-199999"],
    ...places,
    ...[`pid directory = ${join(folder, "pid")}`, `log file = ${join(folder, "log/log.%m")}`, "logging = file"],
  ];
  const mine = `${MEMBER_NAME.toLowerCase()}.${DOMAIN.dns}`;
  write(configuration, lines);
  write(join(folder, "resolv.conf"), [`search ${DOMAIN.dns}`, `nameserver ${dc.address}`]);
  write(join(folder, "hosts"), ["127.0.0.1 localhost", `127.0.0.1 ${mine} ${MEMBER_NAME.toLowerCase()}`]);
  write(join(folder, "krb5.conf"), ["[libdefaults]", `default_realm = ${realm}`, "dns_lookup_realm = false"]);
  write(join(folder, "inside.sh"), [
    "set -e",
    "mkdir -p /run/samba && mount -t tmpfs -o mode=755 tmpfs /run/samba",
    ...["resolv.conf", "hosts"].map((name) => `mount --bind ${join(folder, name)} /etc/${name}`),
    `export KRB5_CONFIG=${join(folder, "krb5.conf")}`,
    // A winbindd that comes back has joined already.
    `test -e ${join(folder, "joined")} || net ads join -s ${configuration} --no-dns-updates -U 'Administrator%${DOMAIN.administratorPassword}'`,
    `touch ${join(folder, "joined")}`,
    `exec winbindd -F --no-process-group -s ${configuration}`,
  ]);
  return configuration;
}

function write(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
}
