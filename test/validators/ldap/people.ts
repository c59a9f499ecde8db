/** The accounts of the conformance suite and some in other states as entries for slapd. */
import { createHash, randomBytes } from "node:crypto";
import { ntHash } from "../../../src/ntlm/hashes.ts";
import { deriveKeys } from "../../../src/scram/keys.ts";
import { PEOPLE, SUFFIX } from "../../peers/slapd.ts";
import { ACCOUNTS, type TestAccount } from "../conformance.ts";

export interface Person extends TestAccount {
  /** Lines of LDIF. */
  readonly more?: readonly string[];
}

/** In every state that the posix schema knows; the password is "right". */
export const STATES: readonly (Person & { readonly reason: string })[] = [
  { name: "flagged", more: ["sambaAcctFlags: [UD         ]"], reason: "disabled" },
  { name: "samba-locked", more: ["sambaAcctFlags: [UL         ]"], reason: "locked-out" },
  { name: "machine", more: ["sambaAcctFlags: [W          ]"], reason: "trust-account" },
  { name: "shadow", more: ["shadowExpire: 17000"], reason: "expired" },
  { name: "kickoff", more: ["sambaKickoffTime: 1500000000"], reason: "expired" },
  { name: "nohours", more: [`sambaLogonHours: ${"00".repeat(21)}`], reason: "logon-hours" },
  { name: "elsewhere", more: ["sambaUserWorkstations: PC7"], reason: "workstation" },
  { name: "locked", more: ["pwdAccountLockedTime: 000001010000Z"], reason: "locked-out" },
  { name: "reset", more: ["pwdReset: TRUE"], reason: "must-change-password" },
].map((each) => ({ ...each, password: "right" }));

/** Names that want escaping, and entries that no filter may be talked into finding. */
export const ODD: readonly Person[] = [
  { name: "o'brien (x)*", password: "right" },
  { name: "a,b+c=d", password: "right" },
  { name: "back\\slash", password: "right" },
];

export function ldifOf(scram: ReadonlyMap<string, string>): string {
  const people = [...ACCOUNTS, ...STATES, ...ODD].map((each) => entryOf(each, scram.get(each.name)));
  const alice = `uid=alice,${PEOPLE}`;
  const staff = `dn: cn=staff,ou=groups,${SUFFIX}\nobjectClass: groupOfNames\ncn: staff\nmember: ${alice}\n`;
  const mail = `dn: cn=mail,ou=groups,${SUFFIX}\nobjectClass: groupOfUniqueNames\ncn: mail\nuniqueMember: ${alice}\n`;
  return [...people, staff, mail].join("\n");
}

function entryOf({ name, password, ...person }: Person, scram: string | undefined): string {
  const [user = name, domain = person.domain] = name.includes("@") ? name.split("@") : [];
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["dn", `uid=${user.replace(/[,+=\\]/g, "\\$&")},${PEOPLE}`],
    ["objectClass", "inetOrgPerson"],
    ["objectClass", "sambaSamAccount"],
    ["uid", user],
    ["cn", user],
    ["sn", user],
    ["o", domain],
    ["mail", person.mailbox],
    ["roomNumber", person.attributes?.["room"]],
    ["userPassword", saltedSha(password)],
    ["sambaNTPassword", ntHash(password).toString("hex")],
    ["description", scram],
    ["sambaAcctFlags", person.disabled ? "[UD         ]" : undefined],
  ];
  const written = lines.flatMap(([key, value]) => (value === undefined ? [] : `${key}:: ${base64(value)}`));
  return [...written, ...(person.more ?? []), ""].join("\n");
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** As slapd keeps passwords. */
function saltedSha(password: string): string {
  const salt = randomBytes(8);
  const digest = createHash("sha1").update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString("base64")}`;
}

/** The keys in RFC 5803's form; slapd has no attribute for it, so that they stand in another. */
export async function scramValues(): Promise<ReadonlyMap<string, string>> {
  const salt = randomBytes(16);
  const values = new Map<string, string>();
  for (const { name, password } of ACCOUNTS) {
    const { storedKey, serverKey } = await deriveKeys("SCRAM-SHA-256", password, { salt, iterations: 4096 });
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
    values.set(name, `SCRAM-SHA-256$4096:${text(salt)}$${text(storedKey)}:${text(serverKey)}`);
  }
  return values;
}
