/** The validators that a configuration names. */
import type { Config } from "./config/config.ts";
import type { ValidatorConfig } from "./config/validators.ts";
import type { Validator } from "./core/validator.ts";
import type { Log } from "./observe/log.ts";
import { decoySecret } from "./offers.ts";
import { fileValidator } from "./validators/file/file.ts";
import { oauthValidator } from "./validators/oauth/oauth.ts";

/** Throws Error with a sentence for the administrator. */
export function makeValidators(config: Config, log: Log): ReadonlyMap<string, Validator> {
  return new Map(config.validators.map((each) => [each.name, makeValidator(each, config, log)]));
}

function makeValidator(validator: ValidatorConfig, config: Config, log: Log): Validator {
  switch (validator.type) {
    case "file": {
      const { name, path, worker } = validator;
      const write = (level: "error" | "warn" | "info" | "debug", message: string, fields: object): void =>
        log.write(level, message, fields as Record<string, string>);
      return fileValidator({
        name,
        path,
        worker,
        names: config.server.target,
        secret: decoySecret(config),
        log: write,
      });
    }
    case "oauth":
      return oauthValidator(validator);
  }
}
