/** Validator `oauth` in config.yaml: bearer tokens, and the three ways to verify them told apart. */
import { z } from "zod";
import type { Secret } from "../../core/secret.ts";
import { TOKEN_ALGORITHMS, type TokenAlgorithm } from "../../core/token-algorithms.ts";
import { readAuthorities, type Surroundings } from "../certificates.ts";
import type { Path } from "../problem.ts";
import { count, duration, host, pemFile, secret, text, url } from "../scalars.ts";

const words = () =>
  z
    .union([text(), z.array(text()).min(1, "at least one is needed")], { error: "expected a word or a list of words" })
    .transform((given) => (typeof given === "string" ? given.split(/ +/) : given));

const cache = () => duration(0).default(30_000).describe("How long a positive answer is believed; 0s: not at all.");

export const oauthSchema = z.strictObject({
  type: z.literal("oauth").describe("Bearer tokens (OAUTHBEARER, XOAUTH2): signed ones, or by asking who issued them."),
  issuer: url().optional().describe("The `iss` of every token, exactly. Needed for signed tokens (JWT)."),
  audience: words().optional().describe("One of these is in the token's `aud`."),
  scope: words().describe("A token must have all of these."),
  jwks: url().optional().describe("Where the issuer's keys are. Default: by OpenID discovery."),
  algorithms: z
    .array(z.enum(TOKEN_ALGORITHMS))
    .min(1)
    .optional()
    .describe("Signatures that count. Default: all of these."),
  introspection: z
    .strictObject({ endpoint: url(), clientId: text(), clientSecret: secret(), cache: cache() })
    .optional()
    .describe("Ask about each token instead (RFC 7662)."),
  tokeninfo: z
    .strictObject({ endpoint: url(), cache: cache() })
    .optional()
    .describe("Ask as Google wants to be asked."),
  claims: z
    .strictObject({
      username: text().optional().describe("Default: preferred_username; username where we ask; email for tokeninfo."),
      mailbox: text().optional().describe("Default: the user's name, with its domain."),
      groups: text().optional(),
    })
    .prefault({})
    .describe("What in a token says who it is; a.b leads into objects."),
  domains: z.array(host()).min(1).optional().describe("Domains that users may have."),
  clockTolerance: duration(0).default(60_000),
  ca: pemFile("Authorities to trust instead of the system's").optional(),
  timeout: duration().default(5000),
  concurrency: count(1, 1000).default(16).describe("Tokens judged at once."),
});

type Parsed = z.output<typeof oauthSchema>;

export interface OauthValidatorConfig {
  readonly name: string;
  readonly type: "oauth";
  /** How tokens are verified. */
  readonly source: TokenSource;
  readonly scope: readonly string[];
  readonly claims: {
    readonly username?: string | undefined;
    readonly mailbox?: string | undefined;
    readonly groups?: string | undefined;
  };
  readonly domains: readonly string[] | undefined;
  readonly clockTolerance: number;
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca: string | undefined;
  readonly timeout: number;
  readonly concurrency: number;
}

export type TokenSource =
  | {
      readonly kind: "jwt";
      readonly issuer: string;
      readonly audience: readonly string[];
      readonly jwks: string | undefined;
      readonly algorithms: readonly TokenAlgorithm[] | undefined;
    }
  | {
      readonly kind: "introspection";
      readonly endpoint: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly issuer: string | undefined;
      readonly audience: readonly string[] | undefined;
      readonly cache: number;
    }
  | {
      readonly kind: "tokeninfo";
      readonly endpoint: string;
      readonly audience: readonly string[];
      readonly cache: number;
    };

export function completeOauth(name: string, parsed: Parsed, surroundings: Surroundings): OauthValidatorConfig {
  const path = ["validators", name];
  const source = sourceOf(parsed, path, surroundings) ?? NOWHERE;
  const { type, scope, claims, domains, clockTolerance, timeout, concurrency } = parsed;
  const ca = parsed.ca === undefined ? undefined : readAuthorities(parsed.ca, [...path, "ca"], surroundings);
  return { name, type, source, scope, claims, domains, clockTolerance, ca, timeout, concurrency };
}

/** Stands for a source that has been complained about. */
const NOWHERE: TokenSource = { kind: "tokeninfo", endpoint: "", audience: [], cache: 0 };

function sourceOf(parsed: Parsed, path: Path, { complain }: Surroundings): TokenSource | undefined {
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
