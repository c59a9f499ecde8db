/** smb.conf of a test domain controller: everything in its own folder, on its own address. */
import { join } from "node:path";
import { DOMAIN } from "./accounts.ts";

export function configuration(folder: string, address: string, settings: readonly string[]): string {
  const at = (name: string) => join(folder, name);
  return `[global]
netbios name = ${DOMAIN.host.toUpperCase()}
realm = ${DOMAIN.dns.toUpperCase()}
workgroup = ${DOMAIN.netbios}
server role = active directory domain controller
interfaces = ${address}/8
bind interfaces only = yes
server services = s3fs, rpc, ldap, cldap, kdc, winbindd, dns
# Each costs memory; the netlogon tests have two connections.
prefork children = 2
private dir = ${at("private")}
state directory = ${at("state")}
cache directory = ${at("cache")}
lock directory = ${folder}
pid directory = ${at("run")}
ncalrpc dir = ${at("ncalrpc")}
binddns dir = ${at("bind-dns")}
log file = ${at("log")}/log.%m
logging = file
log level = 1 auth_audit:3
# File ACLs in a database: extended attributes of the security class are not allowed everywhere.
posix:eadb = ${at("private/eadb.tdb")}
tls keyfile = ${at("tls/key.pem")}
tls certfile = ${at("tls/cert.pem")}
tls cafile = ${at("tls/cert.pem")}
disable spoolss = yes
load printers = no
printcap name = /dev/null
${settings.map((line) => `${line}\n`).join("")}`;
}
