/** Validator `chain` in config.yaml: other validators by name, in the order in which they are asked. */
import { z } from "zod";
import type { Surroundings } from "../certificates.ts";
import type { Complain, Path } from "../problem.ts";
import { name } from "../scalars.ts";

const manner = z.enum(["stop", "continue"]).default("stop");

const member = z.strictObject({
  validator: name().describe("The name of another validator."),
  onDenied: manner.describe("After a wrong password: stop, or ask the next one. Other denials always stop."),
  onUnavailable: manner.describe("When it cannot say: stop, or ask the next one, whose acceptance alone then counts."),
});

const plain = (validator: string): ChainMemberConfig => ({ validator, onDenied: "stop", onUnavailable: "stop" });

export const chainSchema = z.strictObject({
  type: z.literal("chain").describe("Several validators, asked in order until one knows whose logon it is."),
  members: z
    .array(z.union([name().transform(plain), member], { error: "expected a validator's name" }))
    .min(1, "at least one is needed")
    .max(16, "sixteen at most")
    .describe("Names of validators, or { validator, onDenied, onUnavailable }."),
  namesFrom: name().optional().describe("Whose names NTLM clients are shown. Default: the first that judges NTLM."),
});

export interface ChainMemberConfig {
  readonly validator: string;
  readonly onDenied: "stop" | "continue";
  readonly onUnavailable: "stop" | "continue";
}

export interface ChainValidatorConfig {
  readonly name: string;
  readonly type: "chain";
  readonly members: readonly ChainMemberConfig[];
  readonly namesFrom: string | undefined;
}

export function completeChain(
  name: string,
  { type, members, namesFrom }: z.output<typeof chainSchema>,
  { complain }: Surroundings,
): ChainValidatorConfig {
  for (const [index, { validator }] of members.entries()) {
    if (members.findIndex((each) => each.validator === validator) === index) continue;
    const path = ["validators", name, "members", index];
    complain({ path, message: `"${validator}" is in this chain already`, remedy: "name it once" });
  }
  if (namesFrom !== undefined && !members.some(({ validator }) => validator === namesFrom)) {
    const path = ["validators", name, "namesFrom"];
    complain({ path, message: `"${namesFrom}" is no member of this chain`, remedy: "name one of its members" });
  }
  return { name, type, members, namesFrom };
}

type Named = { readonly name: string; readonly type: string } | ChainValidatorConfig;

/** Complains and returns false when `name` is none of `known`. */
export type CheckName = (
  path: Path,
  kind: string,
  name: string,
  known: readonly string[],
  complain: Complain,
) => boolean;

/** Members that are not there, and chains that lead back to themselves. */
export function checkChains(validators: readonly Named[], checkName: CheckName, complain: Complain): void {
  const names = validators.map(({ name }) => name);
  for (const chain of validators.filter(isChain)) {
    const path = ["validators", chain.name, "members"];
    for (const [index, { validator }] of chain.members.entries())
      checkName([...path, index], "validator", validator, names, complain);
    if (!reaches(chain.name, chain, validators)) continue;
    const message = `the chain "${chain.name}" leads back to itself`;
    complain({ path, message, remedy: "take that member out" });
  }
}

/** The same validators, members before the chains that they are in; chains that lead back to themselves are left out. */
export function membersFirst<V extends Named>(validators: readonly V[]): readonly V[] {
  const done = new Set<V>();
  const ready = (validator: Named) =>
    !isChain(validator) || validator.members.every((each) => [...done].some(({ name }) => name === each.validator));
  for (let found; (found = validators.find((each) => !done.has(each) && ready(each)));) done.add(found);
  return [...done];
}

function isChain(validator: Named): validator is ChainValidatorConfig {
  return validator.type === "chain";
}

function reaches(name: string, from: ChainValidatorConfig, all: readonly Named[], seen = new Set<string>()): boolean {
  return from.members.some(({ validator }) => {
    if (validator === name) return true;
    const next = all.find((each) => each.name === validator);
    if (next === undefined || !isChain(next) || seen.has(validator)) return false;
    return reaches(name, next, all, seen.add(validator));
  });
}
