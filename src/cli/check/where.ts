/** Where a validator's accounts are, in a few words; no secret is among them. */
import type { ValidatorConfig } from "../../config/validators.ts";
import type { SqlValidatorConfig } from "../../config/validators/sql.ts";
import type { TokenSource } from "../../config/validators/oauth.ts";
import { hostPort } from "../../wire/networks.ts";

export function whereItIs(validator: ValidatorConfig): string {
  switch (validator.type) {
    case "file":
      return validator.path;
    case "sql":
      return database(validator.database);
    case "ldap":
      return `mode ${validator.mode}, ${validator.servers.map((server) => `${hostPort(server)} ${server.security}`).join(", ")}`;
    case "netlogon": {
      const { domain, dnsDomain, computer, controllers } = validator;
      const found = controllers?.map(({ host }) => host).join(", ") ?? `those that DNS names in ${dnsDomain}`;
      return `domain ${domain} as ${computer}, controllers ${found}`;
    }
    case "winbind":
      return validator.command;
    case "http":
      return validator.url;
    case "oauth":
      return tokens(validator.source);
    case "chain":
      return validator.members.map((member) => member.validator).join(", then ");
  }
}

function database(from: SqlValidatorConfig["database"]): string {
  if (from.kind === "sqlite") return `sqlite ${from.path}`;
  return `${from.kind} ${from.database} at ${from.socket ?? hostPort(from)}`;
}

function tokens(source: TokenSource): string {
  return source.kind === "jwt" ? `tokens of ${source.issuer}` : `${source.kind} at ${source.endpoint}`;
}
