/**
 * EXTERNAL (RFC 4422 appendix A): which account a client certificate stands for. Where the source has a list of its accounts,
 * any that claims the certificate; elsewhere one that the client names, or that an address in the certificate leads to.
 * An account's address is its name or mailbox if that has an @, or `user@domain`.
 */
import type { CertificateEvidence, ClientCertificate } from "../core/evidence.ts";
import type { Unavailable, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import type { Account } from "./account.ts";
import { conclude, refuse } from "./conclude.ts";
import type { Lookup } from "./names.ts";
import type { AccountSource } from "./source.ts";

export interface CertificateJudge {
  readonly named: Lookup;
  /** Where there is a list. */
  readonly accounts: AccountSource["accounts"];
  readonly now: () => Date;
}

export async function judgeCertificate(
  { authzid, certificate }: CertificateEvidence,
  visit: Visit,
  judge: CertificateJudge,
): Promise<Verdict> {
  const asked = authzid === "" ? undefined : await judge.named(authzid, visit);
  if (asked !== undefined && "kind" in asked) return asked;
  const owners = judge.accounts
    ? ownersAmong(judge.accounts(), certificate)
    : await ownersFound(certificate, asked, visit, judge);
  if ("kind" in owners) return owners;
  const [owner, ...others] = authzid === "" ? owners : owners.filter((account) => account === asked);
  const shown = `certificate sha256:${certificate.fingerprint}`;
  if (owners.length === 0) return { kind: "unknown", why: `no account has the ${shown}, nor an address in it` };
  const deny = (why: string) => refuse(why, "LOGON_NOT_GRANTED", undefined, "not-authorized");
  if (owner === undefined) return deny(`the ${shown} is not of the account that it asks for`);
  if (others.length > 0) return deny(`several accounts have the ${shown}: the client must name one`);
  return conclude(owner, { visit, now: judge.now(), by: "certificate" });
}

function ownersAmong(accounts: readonly Account[], { fingerprint, emails }: ClientCertificate): readonly Account[] {
  const { byFingerprint, byEmail } = indexOf(accounts);
  const keys = emails.map((email) => email.toLowerCase());
  return [...new Set([...(byFingerprint.get(fingerprint) ?? []), ...keys.flatMap((key) => byEmail.get(key) ?? [])])];
}

/** Each address is a question to a database; certificates of people have one or two. */
const ADDRESS_LIMIT = 4;

async function ownersFound(
  certificate: ClientCertificate,
  asked: Account | undefined,
  visit: Visit,
  { named }: CertificateJudge,
): Promise<readonly Account[] | Unavailable> {
  const owners = new Map<string, Account>();
  const add = (account: Account) => isOwner(account, certificate) && owners.set(account.name, account);
  if (asked !== undefined) add(asked);
  for (const email of asked === undefined ? certificate.emails.slice(0, ADDRESS_LIMIT) : []) {
    const account = await named(email, visit);
    if (account !== undefined && "kind" in account) return account;
    if (account !== undefined) add(account);
  }
  return [...owners.values()];
}

function isOwner(account: Account, { fingerprint, emails }: ClientCertificate): boolean {
  const { fingerprints, byEmail } = account.certificates;
  const addresses = byEmail ? addressesOf(account) : [];
  return fingerprints.includes(fingerprint) || emails.some((email) => addresses.includes(email.toLowerCase()));
}

interface Index {
  readonly byFingerprint: ReadonlyMap<string, readonly Account[]>;
  readonly byEmail: ReadonlyMap<string, readonly Account[]>;
}

const indexes = new WeakMap<readonly Account[], Index>();

/** Made once for each state of the list. */
function indexOf(accounts: readonly Account[]): Index {
  const known = indexes.get(accounts);
  if (known !== undefined) return known;
  const index: Index = {
    byFingerprint: groupBy(accounts, ({ certificates }) => certificates.fingerprints),
    byEmail: groupBy(accounts, (account) => (account.certificates.byEmail ? addressesOf(account) : [])),
  };
  indexes.set(accounts, index);
  return index;
}

function groupBy(
  accounts: readonly Account[],
  keysOf: (account: Account) => readonly string[],
): Map<string, Account[]> {
  const groups = new Map<string, Account[]>();
  for (const account of accounts)
    for (const key of new Set(keysOf(account))) groups.set(key, [...(groups.get(key) ?? []), account]);
  return groups;
}

function addressesOf({ name, identity, domains }: Account): string[] {
  const own = [name, identity.mailbox].filter((text) => text.includes("@"));
  return [...own, ...domains.map((domain) => `${identity.user}@${domain}`)].map((address) => address.toLowerCase());
}
