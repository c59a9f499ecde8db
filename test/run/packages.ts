/** The Debian packages that tests talk to: installed where the command runs as root on Debian, told about elsewhere. */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

/** Without one of these the tests that need it are skipped, and say so. */
const PACKAGES = [
  ...["dovecot-core", "dovecot-imapd", "dovecot-pop3d", "postfix"],
  ...["curl", "fetchmail", "gsasl", "mpop", "msmtp", "mutt"],
  // swaks with TLS and NTLM.
  ...["swaks", "libnet-ssleay-perl", "libauthen-ntlm-perl"],
  // imtest, pop3test and smtptest, with SCRAM, CRAM-MD5 and NTLM.
  ...["cyrus-clients", "libsasl2-modules"],
  // NTLMv2 with a MIC and channel bindings.
  "python3-ntlm-auth",
  // Other implementations of NTLM, for both sides of hundreds of exchanges.
  ...["winbind", "gss-ntlmssp", "python3-gssapi"],
  // A domain controller.
  ...["samba", "samba-common-bin", "samba-ad-provision", "samba-dsdb-modules", "samba-vfs-modules", "python3-samba"],
  // A directory of one's own.
  ...["slapd", "ldap-utils"],
  // Servers without services: the tests start their own.
  ...["postgresql", "mariadb-server-core", "mariadb-client-core"],
  // The unit file and what it calls; systemd is not started.
  "procps",
  "systemd",
];

/** Installing starts no service: what this program answers invoke-rc.d (Debian policy, chapter 9). */
const POLICY = "/usr/sbin/policy-rc.d";
const NO_SERVICES = "#!/bin/sh\nexit 101\n";

/** Waiting for another apt-get, and for a download that has stalled: seconds. */
const APT = ["-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::http::Timeout=30", "-o", "Acquire::Retries=2"];

/** Prints what it does. Never throws: what cannot be installed is missing, and its tests are skipped. */
export function installPackages(print: (line: string) => void): void {
  if (!existsSync("/etc/debian_version")) return print(`not Debian: the tests need, by other names, ${PACKAGES}`);
  const missing = PACKAGES.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.env["POSTERN_TEST_INSTALL"] === "no") return print(`not to be installed: ${missing.join(" ")}`);
  if (process.getuid?.() !== 0) return print(`not root: install for all tests: apt-get install ${missing.join(" ")}`);
  print(`installing for the tests: ${missing.join(" ")}`);
  withoutServices(() => {
    run(print, "update");
    if (install(print, missing)) return;
    // One that is not to be had must not keep the others away.
    for (const name of missing) install(print, [name]);
  });
}

function isInstalled(name: string): boolean {
  const { stdout } = spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Status}", name], { encoding: "utf8" });
  return stdout === "installed";
}

function install(print: (line: string) => void, names: readonly string[]): boolean {
  return run(print, "install", "--yes", "--no-install-recommends", ...names);
}

function run(print: (line: string) => void, ...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stderr, error } = spawnSync("apt-get", [...APT, ...args], { env, encoding: "utf8" });
  if (status === 0) return true;
  print(`apt-get ${args.join(" ")} has failed: ${error?.message ?? stderr.trim()}`);
  return false;
}

function withoutServices(act: () => void): void {
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, NO_SERVICES, { mode: 0o755 });
  try {
    act();
  } finally {
    if (isOurs) rmSync(POLICY);
  }
}
