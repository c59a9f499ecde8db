/**
 * The validators that a configuration names, each made of its own words and kept from holding up others; chains of those
 * that were made before them.
 */
import type { Config } from "./config/config.ts";
import type { SourceConfig, ValidatorConfig } from "./config/validators.ts";
import { membersFirst } from "./config/validators/chain.ts";
import type { Validator } from "./core/validator.ts";
import type { Log } from "./observe/log.ts";
import { decoySecret } from "./offers.ts";
import { chainValidator } from "./validators/chain/chain.ts";
import { fileValidator } from "./validators/file/file.ts";
import { httpValidator } from "./validators/http/http.ts";
import { isolated } from "./validators/isolation/isolated.ts";
import { ldapValidator } from "./validators/ldap/ldap.ts";
import { netlogonValidator } from "./validators/netlogon/netlogon.ts";
import { oauthValidator } from "./validators/oauth/oauth.ts";
import { sqlValidator } from "./validators/sql/sql.ts";
import { winbindValidator } from "./validators/winbind/winbind.ts";

/** Throws Error with a sentence for the administrator. */
export function makeValidators(config: Config, log: Log): ReadonlyMap<string, Validator> {
  const made = new Map<string, Validator>();
  const workshop = { config, made, secret: decoySecret(config), log: writeTo(log) };
  for (const each of membersFirst(config.validators)) made.set(each.name, makeValidator(each, workshop));
  return made;
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

function makeValidator(each: ValidatorConfig, workshop: Workshop): Validator {
  const { made, secret, log } = workshop;
  if (each.type !== "chain") return isolated(makeSource(each, workshop), { ...each.limits, log });
  const members = each.members.map((member) => ({ ...member, validator: made.get(member.validator)! }));
  return chainValidator({ ...each, members, secret, log });
}

function makeSource(each: SourceConfig, { config, secret, log }: Workshop): Validator {
  const { target: names } = config.server;
  switch (each.type) {
    case "file":
      return fileValidator({ ...each, names, secret, log });
    case "sql":
      return sqlValidator({ ...each, names, secret });
    case "ldap":
      return ldapValidator({ ...each, names, secret, log });
    case "netlogon":
      return netlogonValidator({ ...each, log });
    case "winbind":
      return winbindValidator({ ...each, names, log });
    case "http":
      return httpValidator({ ...each, names, secret });
    case "oauth":
      return oauthValidator(each);
  }
}
