/** `validators:`, who judges logons: each kind's keys and how they are finished are in a file of its own. */
import { z } from "zod";
import type { Surroundings } from "./certificates.ts";
import { chainSchema, completeChain, type ChainValidatorConfig } from "./validators/chain.ts";
import { completeFile, fileSchema, type FileValidatorConfig } from "./validators/file.ts";
import { completeOauth, oauthSchema, type OauthValidatorConfig } from "./validators/oauth.ts";

export const validatorSchema = z.discriminatedUnion("type", [fileSchema, oauthSchema, chainSchema]);

export type ParsedValidator = z.output<typeof validatorSchema>;
export type ValidatorConfig = FileValidatorConfig | OauthValidatorConfig | ChainValidatorConfig;

export function completeValidator(name: string, parsed: ParsedValidator, surroundings: Surroundings): ValidatorConfig {
  switch (parsed.type) {
    case "file":
      return completeFile(name, parsed, surroundings);
    case "chain":
      return completeChain(name, parsed, surroundings);
    case "oauth":
      return completeOauth(name, parsed, surroundings);
  }
}
