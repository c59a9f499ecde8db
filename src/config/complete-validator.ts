/** Validators of config.yaml, finished: files found, the three ways to verify a token told apart. */
import { resolve } from "node:path";
import { readAuthorities, type Surroundings } from "./certificates.ts";
import type { OauthValidatorConfig, TokenSource, ValidatorConfig } from "./config.ts";
import type { Path } from "./problem.ts";
import type { ParsedConfig } from "./schema.ts";

type Parsed = ParsedConfig["validators"][string];
type ParsedOauth = Extract<Parsed, { type: "oauth" }>;

export function completeValidator(name: string, parsed: Parsed, surroundings: Surroundings): ValidatorConfig {
  switch (parsed.type) {
    case "file":
      return { name, ...parsed, path: resolve(surroundings.folder, parsed.path) };
    case "oauth":
      return completeOauth(name, parsed, surroundings);
  }
}

function completeOauth(name: string, parsed: ParsedOauth, surroundings: Surroundings): OauthValidatorConfig {
  const path = ["validators", name];
  const source = sourceOf(parsed, path, surroundings) ?? NOWHERE;
  const { type, scope, claims, domains, clockTolerance, timeout, concurrency } = parsed;
  const ca = parsed.ca === undefined ? undefined : readAuthorities(parsed.ca, [...path, "ca"], surroundings);
  return { name, type, source, scope, claims, domains, clockTolerance, ca, timeout, concurrency };
}

/** Stands for a source that has been complained about. */
const NOWHERE: TokenSource = { kind: "tokeninfo", endpoint: "", audience: [], cache: 0 };

function sourceOf(parsed: ParsedOauth, path: Path, { complain }: Surroundings): TokenSource | undefined {
  const { issuer, audience, jwks, algorithms, introspection, tokeninfo } = parsed;
  if (introspection && tokeninfo) {
    const message = "introspection and tokeninfo exclude each other";
    return void complain({ path, message, remedy: "keep the one that the authorization server has" });
  }
  if (introspection) return { kind: "introspection", ...introspection, issuer, audience };
  if (audience === undefined) {
    const message = "without an audience a token that any other application was given would do";
    return void complain({ path, message, remedy: 'add "audience:" with the name that tokens for mail carry' });
  }
  if (tokeninfo) return { kind: "tokeninfo", ...tokeninfo, audience };
  if (issuer !== undefined) return { kind: "jwt", issuer, audience, jwks, algorithms };
  const remedy = 'add "issuer:" for signed tokens, or "introspection:" or "tokeninfo:"';
  return void complain({ path, message: "it is not said who issues the tokens", remedy });
}
