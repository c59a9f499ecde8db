/** OpenLDAP's slapd with a directory of its own in a temporary folder: started, killed, started again on the same ports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CERTIFICATE } from "../support/certificates.ts";
import { answersAt } from "./port.ts";
import { eventually, freePort, LOOPBACK, run, Running } from "./programs.ts";

export const SUFFIX = "dc=example,dc=com";
export const PEOPLE = `ou=people,${SUFFIX}`;
/** May read everything, hashes included. */
export const SERVICE = { dn: `cn=postern,${SUFFIX}`, password: "service-Passw0rd" };

export interface Slapd {
  readonly port: number;
  readonly securePort: number;
  /** PEM of the authority behind its certificate, which is for localhost and 127.0.0.1. */
  readonly ca: string;
  kill(): Promise<void>;
  /** Stands still without closing anything. */
  freeze(): void;
  thaw(): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** `ldif`: entries below SUFFIX. */
export async function startSlapd(ldif: string): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), "postern-slapd-"));
  const [port, securePort] = [await freePort(), await freePort()];
  const configuration = join(folder, "slapd.conf");
  mkdirSync(join(folder, "db"));
  writeFileSync(join(folder, "cert.pem"), CERTIFICATE.cert);
  writeFileSync(join(folder, "key.pem"), CERTIFICATE.key, { mode: 0o600 });
  writeFileSync(configuration, configurationIn(folder));
  const filled = await run("slapadd", ["-f", configuration], { input: `${TOP}\n${ldif}` });
  if (filled.code !== 0) throw new Error(`slapadd has failed: ${filled.said}`);
  let running: Running | undefined;
  const slapd: Slapd = {
    ...{ port, securePort, ca: CERTIFICATE.cert },
    start: async () => {
      const urls = `ldap://${LOOPBACK}:${port} ldaps://${LOOPBACK}:${securePort}`;
      const started = new Running("slapd", ["-d", "0", "-f", configuration, "-h", urls]);
      running = started;
      await eventually(`slapd on ${port}`, async () => {
        if (!started.isAlive) throw new Error(`slapd has ended: ${started.said}`);
        return ((await answersAt(port)) && (await answersAt(securePort))) || undefined;
      });
    },
    kill: async () => {
      running?.kill("SIGKILL");
      await running?.exited;
    },
    freeze: () => running?.kill("SIGSTOP"),
    thaw: () => running?.kill("SIGCONT"),
    close: async () => {
      await slapd.kill();
      rmSync(folder, { recursive: true });
    },
  };
  await slapd.start();
  return slapd;
}

const TOP = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ${PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${SUFFIX}
objectClass: organizationalUnit
ou: groups

dn: ${SERVICE.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: postern
userPassword: ${SERVICE.password}
`;

const SCHEMAS = ["core", "cosine", "inetorgperson"];

function configurationIn(folder: string): string {
  return `${SCHEMAS.map((name) => `include /etc/ldap/schema/${name}.schema`).join("\n")}
${SAMBA_SCHEMA}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile ${join(folder, "slapd.pid")}
TLSCertificateFile ${join(folder, "cert.pem")}
TLSCertificateKeyFile ${join(folder, "key.pem")}
# Without TLS nobody shows a password.
security simple_bind=128
database mdb
suffix "${SUFFIX}"
directory ${join(folder, "db")}
maxsize 16777216
dbnosync
index objectClass,uid eq
overlay ppolicy
access to attrs=userPassword,sambaNTPassword,description
  by dn.exact="${SERVICE.dn}" read
  by anonymous auth
  by * none
access to *
  by dn.exact="${SERVICE.dn}" read
  by self read
  by * none
`;
}

/** What of Samba 3's schema and of RFC 2307's the tests need; the numbers are theirs. */
const SAMBA_SCHEMA = [
  ["1.3.6.1.4.1.7165.2.1.25", "sambaNTPassword", "caseIgnoreIA5Match", "26{32}"],
  ["1.3.6.1.4.1.7165.2.1.26", "sambaAcctFlags", "caseIgnoreIA5Match", "26{16}"],
  ["1.3.6.1.4.1.7165.2.1.32", "sambaKickoffTime", "integerMatch", "27"],
  ["1.3.6.1.4.1.7165.2.1.60", "sambaLogonHours", "caseIgnoreIA5Match", "26{42}"],
  ["1.3.6.1.4.1.7165.2.1.36", "sambaUserWorkstations", "caseIgnoreMatch", "15{255}"],
  ["1.3.6.1.1.1.1.10", "shadowExpire", "integerMatch", "27"],
]
  .map(
    ([oid, name, match, syntax]) =>
      `attributetype ( ${oid} NAME '${name}' EQUALITY ${match} SYNTAX 1.3.6.1.4.1.1466.115.121.1.${syntax} SINGLE-VALUE )`,
  )
  .join("\n")
  .concat(
    "\nobjectclass ( 1.3.6.1.4.1.7165.2.2.6 NAME 'sambaSamAccount' SUP top AUXILIARY MAY ",
    "( sambaNTPassword $ sambaAcctFlags $ sambaKickoffTime $ sambaLogonHours $ sambaUserWorkstations $ shadowExpire ) )",
  );
