/** A validator over a source of which its operator says what all of its accounts can use. */
import type { Validator } from "../core/validator.ts";
import type { KeyKind } from "./can-use.ts";
import { judgeAccounts, type JudgeOptions } from "./judge.ts";
import type { AccountSource } from "./source.ts";

/** PLAIN stands for LOGIN and the protocols' own commands too. */
export type AccountMechanism = "PLAIN" | "NTLM" | "SCRAM-SHA-256" | "SCRAM-SHA-1" | "CRAM-MD5";

const KINDS: Readonly<Partial<Record<AccountMechanism, KeyKind>>> = {
  "SCRAM-SHA-256": "SCRAM-SHA-256",
  "SCRAM-SHA-1": "SCRAM-SHA-1",
  "CRAM-MD5": "password",
};

export function judgeByMechanism(
  source: AccountSource,
  mechanisms: readonly AccountMechanism[],
  options: Omit<JudgeOptions, "ntlm" | "kinds">,
): Validator {
  const kinds = mechanisms.flatMap((mechanism) => KINDS[mechanism] ?? []);
  const validator = judgeAccounts(source, { ...options, kinds, ntlm: mechanisms.includes("NTLM") });
  if (mechanisms.includes("PLAIN")) return validator;
  const { password: _, ...others } = validator;
  return others;
}
