/**
 * The validators that a configuration names, each made of its own words and kept from holding up others; chains of those
 * that were made before them; the guard before all of them.
 */
import type { Config } from "./config/config.ts";
import type { SourceConfig, ValidatorConfig } from "./config/validators.ts";
import { membersFirst } from "./config/validators/chain.ts";
import { closeAll, type Validator } from "./core/validator.ts";
import type { Guard } from "./guard/guard.ts";
import { guarded } from "./guard/guarded.ts";
import type { Log } from "./observe/log.ts";
import { decoySecret } from "./offers.ts";
import { chainValidator } from "./validators/chain/chain.ts";
import { lockedOut } from "./validators/chain/locked-out.ts";
import { isolated } from "./validators/isolation/isolated.ts";

/** `guard`: counts what fails, where the configuration wants it. Rejects with a sentence for the administrator. */
export async function makeValidators(config: Config, log: Log, guard?: Guard): Promise<ReadonlyMap<string, Validator>> {
  const made = new Map<string, Validator>();
  const workshop = { config, made, secret: decoySecret(config), log: writeTo(log) };
  try {
    for (const each of membersFirst(config.validators)) made.set(each.name, await makeValidator(each, workshop));
  } catch (error) {
    await closeAll(made);
    throw error;
  }
  return guard && config.guard.enabled ? guardedAll(made, guard, config.guard.domains) : made;
}

/** Members of a chain are asked by it bare: the guard stands before the chain. */
function guardedAll(
  made: ReadonlyMap<string, Validator>,
  guard: Guard,
  domains: readonly string[],
): ReadonlyMap<string, Validator> {
  const behind = (validator: Validator) =>
    guarded(validator, guard, { locksAccounts: domains.includes(validator.name) });
  return new Map([...made].map(([name, validator]) => [name, behind(validator)]));
}

interface Workshop {
  readonly config: Config;
  /** Those before it: what a chain may have as members. */
  readonly made: ReadonlyMap<string, Validator>;
  readonly secret: Uint8Array;
  readonly log: (level: "error" | "warn" | "info" | "debug", message: string, fields: object) => void;
}

function writeTo(log: Log): Workshop["log"] {
  return (level, message, fields) => log.write(level, message, fields as Record<string, string>);
}

async function makeValidator(each: ValidatorConfig, workshop: Workshop): Promise<Validator> {
  const { config, made, secret, log } = workshop;
  if (each.type !== "chain") return isolated(await makeSource(each, workshop), { ...each.limits, log });
  const members = each.members.map((member) => ({ ...member, validator: made.get(member.validator)! }));
  const offered = config.listeners.flatMap(({ validator, mechanisms }) => (validator === each.name ? mechanisms : []));
  const validators = members.map(({ validator }) => validator);
  for (const why of lockedOut(validators, [...new Set(offered)])) log("warn", why, { validator: each.name });
  return chainValidator({ ...each, members, secret, log });
}

/** Only the kinds that are configured are loaded: start and memory are paid by those who use them. */
async function makeSource(each: SourceConfig, { config, secret, log }: Workshop): Promise<Validator> {
  const { target: names } = config.server;
  switch (each.type) {
    case "file":
      return (await import("./validators/file/file.ts")).fileValidator({ ...each, names, secret, log });
    case "sql":
      return (await import("./validators/sql/sql.ts")).sqlValidator({ ...each, names, secret });
    case "ldap":
      return (await import("./validators/ldap/ldap.ts")).ldapValidator({ ...each, names, secret, log });
    case "netlogon":
      return (await import("./validators/netlogon/netlogon.ts")).netlogonValidator({ ...each, log });
    case "winbind":
      return (await import("./validators/winbind/winbind.ts")).winbindValidator({ ...each, names, log });
    case "http":
      return (await import("./validators/http/http.ts")).httpValidator({ ...each, names, secret });
    case "oauth":
      return (await import("./validators/oauth/oauth.ts")).oauthValidator(each);
  }
}
