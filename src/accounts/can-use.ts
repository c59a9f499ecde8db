/** What an account can be used for, by what is kept of it. */
import type { StoredKeys } from "../core/evidence.ts";
import { saslprep } from "../scram/saslprep.ts";
import { SCRAM_NAMES } from "../scram/keys.ts";
import type { Account } from "./account.ts";

export type KeyKind = keyof StoredKeys;

export const KEY_KINDS: readonly KeyKind[] = [...SCRAM_NAMES, "password"];

/** Whether the account has what a mechanism needs that uses these keys. */
export function canUse({ password, scram }: Account, kind: KeyKind): boolean {
  if (password?.kind !== "plain") return kind !== "password" && scram[kind] !== undefined;
  return kind === "password" || saslprep(password.text, "query") !== undefined;
}

/** The mechanisms by their names, for people; LOGIN and the protocols' own commands can be used where PLAIN can. */
export function mechanismsOf(account: Account): readonly string[] {
  const { password, nt, certificates, appPasswords } = account;
  const hasApp = appPasswords.length > 0;
  const hasCertificate = certificates.byEmail || certificates.fingerprints.length > 0;
  return [
    ...(password || nt || hasApp ? ["PLAIN"] : []),
    ...(nt || hasApp ? ["NTLM"] : []),
    ...KEY_KINDS.filter((kind) => canUse(account, kind)).map((kind) => (kind === "password" ? "CRAM-MD5" : kind)),
    ...(hasCertificate ? ["EXTERNAL"] : []),
  ];
}
