/** `guard:`, what failed logons cost: by address, network and account, and for accounts that a domain could lock. */
import { resolve } from "node:path";
import { z } from "zod";
import { count, duration, flag, name, network, text as filePath } from "../scalars.ts";
import type { ValidatorConfig } from "../validators.ts";
import type { ChainValidatorConfig } from "../validators/chain.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;

interface RuleDefaults {
  readonly free: number;
  readonly forget: number;
  readonly longest: number;
  readonly lock: number;
}

function rule({ free, forget, longest, lock }: RuleDefaults) {
  return z
    .strictObject({
      free: count(1, 1_000_000).default(free).describe("Failures that cost nothing; then attempts have to wait."),
      forget: duration().default(forget).describe("Time in which as many are forgotten."),
      longest: duration(0).default(longest).describe("No attempt waits longer for the one before it; 0s: none waits."),
      lock: count(1, 1_000_000).default(lock).describe("Failures that lock."),
      lockFor: duration().default(DAY).describe("Time in which as many are forgotten."),
    })
    .prefault({});
}

export const guardSchema = z.strictObject({
  enabled: flag().default(true),
  state: filePath().optional().describe("Where it is kept over restarts, relative to this file's folder."),
  control: filePath().optional().describe("The socket of `postern unlock`. Default: beside the state, with .sock."),
  trusted: z.array(network()).default([]).describe("Networks that are not counted: web mail, monitoring."),
  networks: z
    .strictObject({ ipv4: count(8, 32).default(24), ipv6: count(16, 64).default(56) })
    .prefault({})
    .describe("How many bits of an address are its network."),
  address: rule({ free: 4, forget: 10 * MINUTE, longest: 15 * SECOND, lock: 50 }).describe("One machine."),
  network: rule({ free: 100, forget: 10 * MINUTE, longest: 4 * SECOND, lock: 500 }).describe("One network."),
  account: rule({ free: 10, forget: 30 * MINUTE, longest: 15 * SECOND, lock: 100 }).describe(
    "One account, by addresses from which it has not logged on.",
  ),
  domain: z
    .strictObject({
      validators: z
        .array(name())
        .optional()
        .describe(
          "Whose source locks accounts. Default: netlogon, winbind, Active Directory by LDAP, chains with them.",
        ),
      budget: count(1, 1000)
        .default(4)
        .describe("Failures that it may be shown for one account: fewer than its lockout threshold."),
      window: duration()
        .default(30 * MINUTE)
        .describe("Not shorter than its lockout observation window."),
    })
    .prefault({}),
  knownDays: count(1, 3650).default(30).describe("Days for which an address is known after a logon."),
});

type Parsed = z.output<typeof guardSchema>;

/** Times in milliseconds, paths absolute. */
export interface GuardConfig extends Omit<Parsed, "state" | "control" | "networks" | "domain" | "knownDays"> {
  readonly state: string | undefined;
  readonly control: string | undefined;
  readonly prefixes: Parsed["networks"];
  readonly budget: { readonly failures: number; readonly window: number };
  /** Validators whose source locks accounts itself. */
  readonly domains: readonly string[];
  readonly knownFor: number;
}

/** `folder`: where the configuration is. */
export function completeGuard(parsed: Parsed, validators: readonly ValidatorConfig[], folder: string): GuardConfig {
  const { enabled, trusted, networks, address, network, account, domain, knownDays } = parsed;
  const state = parsed.state === undefined ? undefined : resolve(folder, parsed.state);
  const beside = state === undefined ? undefined : `${state}.sock`;
  return {
    ...{ enabled, trusted, address, network, account },
    state,
    control: parsed.control === undefined ? beside : resolve(folder, parsed.control),
    prefixes: networks,
    budget: { failures: domain.budget, window: domain.window },
    domains: domain.validators ?? validators.filter((each) => locksAccounts(each, validators)).map(({ name }) => name),
    knownFor: knownDays * DAY,
  };
}

/** Active Directory counts an LDAP bind as it counts any logon; reading hashes it does not count. */
function locksAccounts(validator: ValidatorConfig, all: readonly ValidatorConfig[], depth = all.length): boolean {
  switch (validator.type) {
    case "netlogon":
    case "winbind":
      return true;
    case "ldap":
      return validator.schema === "active-directory" && validator.mode !== "compare";
    case "chain":
      return depth > 0 && membersOf(validator, all).some((each) => locksAccounts(each, all, depth - 1));
    default:
      return false;
  }
}

function membersOf({ members }: ChainValidatorConfig, all: readonly ValidatorConfig[]): ValidatorConfig[] {
  return members.flatMap(({ validator }) => all.find(({ name }) => name === validator) ?? []);
}
