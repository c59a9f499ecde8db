/** `validators:`, who judges logons: each kind's keys and how they are finished are in a file of its own. */
import { z } from "zod";
import type { Surroundings } from "./certificates.ts";
import { isolationSchema, type IsolationConfig } from "./schema/isolation.ts";
import { chainSchema, completeChain, type ChainValidatorConfig } from "./validators/chain.ts";
import { completeFile, fileSchema, type FileValidatorConfig } from "./validators/file.ts";
import { completeHttp, httpSchema, type HttpValidatorConfig } from "./validators/http.ts";
import { completeLdap, ldapSchema, type LdapValidatorConfig } from "./validators/ldap.ts";
import { completeNetlogon, netlogonSchema, type NetlogonValidatorConfig } from "./validators/netlogon.ts";
import { completeOauth, oauthSchema, type OauthValidatorConfig } from "./validators/oauth.ts";
import { completeSql, sqlSchema, type SqlValidatorConfig } from "./validators/sql.ts";
import { completeWinbind, winbindSchema, type WinbindValidatorConfig } from "./validators/winbind.ts";

const limits = {
  limits: isolationSchema.prefault({}).describe("What keeps it from holding up others when it is slow or down."),
};

export const validatorSchema = z.discriminatedUnion("type", [
  fileSchema.extend(limits),
  sqlSchema.extend(limits),
  ldapSchema.extend(limits),
  netlogonSchema.extend(limits),
  winbindSchema.extend(limits),
  httpSchema.extend(limits),
  oauthSchema.extend(limits),
  chainSchema,
]);

export type ParsedValidator = z.output<typeof validatorSchema>;

type Source =
  | FileValidatorConfig
  | SqlValidatorConfig
  | LdapValidatorConfig
  | NetlogonValidatorConfig
  | WinbindValidatorConfig
  | HttpValidatorConfig
  | OauthValidatorConfig;

/** A validator that is asked itself, and so has limits. */
export type SourceConfig = Source & { readonly limits: IsolationConfig };
export type ValidatorConfig = SourceConfig | ChainValidatorConfig;

export function completeValidator(name: string, parsed: ParsedValidator, surroundings: Surroundings): ValidatorConfig {
  if (parsed.type === "chain") return completeChain(name, parsed, surroundings);
  const { limits: own, ...rest } = parsed;
  return { ...completeSource(name, rest, surroundings), limits: own };
}

type Unlimited<P> = P extends { readonly limits: unknown } ? Omit<P, "limits"> : never;

function completeSource(name: string, parsed: Unlimited<ParsedValidator>, surroundings: Surroundings): Source {
  switch (parsed.type) {
    case "file":
      return completeFile(name, parsed, surroundings);
    case "sql":
      return completeSql(name, parsed, surroundings);
    case "ldap":
      return completeLdap(name, parsed, surroundings);
    case "netlogon":
      return completeNetlogon(name, parsed, surroundings);
    case "winbind":
      return completeWinbind(name, parsed, surroundings);
    case "http":
      return completeHttp(name, parsed, surroundings);
    case "oauth":
      return completeOauth(name, parsed, surroundings);
  }
}
