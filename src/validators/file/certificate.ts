/**
 * EXTERNAL (RFC 4422 appendix A): which account a client certificate stands for. The account's own line says so:
 * `cert=sha256:HEX` means this one certificate, as `openssl x509 -fingerprint -sha256` shows it, with colons or without;
 * `cert=email` means every certificate that the listener's authorities have issued for the account's address, which is
 * its name or mailbox if that has an @, or `user@domain`. Several are parted by commas.
 */
import type { CertificateEvidence, ClientCertificate } from "../../core/evidence.ts";
import type { Verdict } from "../../core/verdict.ts";
import type { Account } from "./account-line.ts";
import type { Store } from "./store.ts";

/** What an account's `cert=` says. */
export interface CertificateRule {
  /** 64 lower-case hexadecimal digits each. */
  readonly fingerprints: readonly string[];
  readonly byEmail: boolean;
}

export const NO_CERTIFICATE: CertificateRule = { fingerprints: [], byEmail: false };

/** undefined: neither `email` nor fingerprints. */
export function parseCertificateRule(text: string): CertificateRule | undefined {
  const words = text.split(",");
  const fingerprints = words.filter((word) => word !== "email").map(parseFingerprint);
  if (fingerprints.some((fingerprint) => fingerprint === undefined)) return undefined;
  return { fingerprints: fingerprints.flatMap((each) => each ?? []), byEmail: words.includes("email") };
}

function parseFingerprint(word: string): string | undefined {
  const [, digits = ""] = /^sha256:([0-9a-f:]+)$/i.exec(word) ?? [];
  const plain = digits.replaceAll(":", "").toLowerCase();
  return plain.length === 64 ? plain : undefined;
}

/** `named` finds the account that an authorization identity means. */
export function judgeCertificate(
  { authzid, certificate }: CertificateEvidence,
  store: Store,
  named: (username: string) => Account | undefined,
): Verdict {
  const owners = ownersOf(certificate, store);
  const [owner, ...others] = authzid === "" ? owners : owners.filter((account) => account === named(authzid));
  const shown = `certificate sha256:${certificate.fingerprint}`;
  if (owners.length === 0) return { kind: "unknown", why: `no account has the ${shown}, nor an address in it` };
  if (owner === undefined)
    return { kind: "denied", reason: "not-authorized", why: `the ${shown} is not of the account that it asks for` };
  if (others.length > 0)
    return {
      kind: "denied",
      reason: "not-authorized",
      why: `several accounts have the ${shown}: the client must name one`,
    };
  const user = owner.identity.user;
  if (owner.isDisabled) return { kind: "denied", reason: "disabled", why: "the account is disabled", user };
  return { kind: "accepted", identity: owner.identity };
}

function ownersOf({ fingerprint, emails }: ClientCertificate, store: Store): readonly Account[] {
  const { byFingerprint, byEmail } = indexOf(store);
  const keys = emails.map((email) => email.toLowerCase());
  return [...new Set([...(byFingerprint.get(fingerprint) ?? []), ...keys.flatMap((key) => byEmail.get(key) ?? [])])];
}

interface Index {
  readonly byFingerprint: ReadonlyMap<string, readonly Account[]>;
  readonly byEmail: ReadonlyMap<string, readonly Account[]>;
}

const indexes = new WeakMap<Store, Index>();

/** Made once for each state of the file. */
function indexOf(store: Store): Index {
  const known = indexes.get(store);
  if (known !== undefined) return known;
  const { accounts } = store;
  const index: Index = {
    byFingerprint: groupBy(accounts, ({ certificates }) => certificates.fingerprints),
    byEmail: groupBy(accounts, (account) => (account.certificates.byEmail ? addressesOf(account) : [])),
  };
  indexes.set(store, index);
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
