/** What an account's line gets of a new password: a slow hash, the NT hash for NTLM, keys for SCRAM; or the password itself. */
import { ntHash } from "../../ntlm/hashes.ts";
import { saslprep } from "../../scram/saslprep.ts";
import type { ScramName } from "../../scram/keys.ts";
import { scramKey } from "../../accounts/account.ts";
import { makeStored, storedInClear, type MAKEABLE } from "../../accounts/hashes/hashes.ts";
import { makeScramKeys } from "../../accounts/hashes/scram.ts";
import { newPassword } from "./password-input.ts";

export interface SecretOptions {
  readonly passwordStdin?: true;
  readonly nt: boolean;
  readonly scram: boolean;
  readonly scramSha1?: boolean;
  readonly cramMd5?: true;
  readonly scheme: keyof typeof MAKEABLE;
}

export interface Secrets {
  /** The second field of the line. */
  readonly password: string;
  /** Extra fields. */
  readonly words: readonly (readonly [string, string])[];
}

/** Asks for the password and hashes it. Throws Error with a sentence for the user. */
export async function newSecrets(options: SecretOptions): Promise<Secrets> {
  const { nt, scram, scramSha1, cramMd5, scheme } = options;
  if (cramMd5 && !(nt && scram))
    throw new Error(
      "--cram-md5 keeps the password itself, from which everything follows: leave out --no-nt and --no-scram",
    );
  const password = (await newPassword(options.passwordStdin === true)).reveal();
  if (cramMd5) {
    console.error("warning: the password is kept in clear for CRAM-MD5: whoever reads the file has it");
    return { password: storedInClear(password), words: [] };
  }
  const prepared = saslprep(password, "storage");
  const names: readonly ScramName[] = [...(scram ? ["SCRAM-SHA-256" as const] : []), ...(scramSha1 ? ["SCRAM-SHA-1" as const] : [])]; // prettier-ignore
  if (prepared === undefined && names.length > 0)
    console.error("warning: no keys for SCRAM: the password has characters that SASLprep (RFC 4013) does not allow");
  const keysFor = async (name: ScramName) => [scramKey(name), await makeScramKeys(name, prepared ?? "")] as const;
  const keys = prepared === undefined ? [] : await Promise.all(names.map(keysFor));
  const hash = nt ? [["nt", ntHash(password).toString("hex")] as const] : [];
  return { password: await makeStored(scheme, prepared ?? password), words: [...hash, ...keys] };
}
