/** What an operator says about tokens: who issues them, how they are verified, and what of them names the user. */
import type { Secret } from "../../core/secret.ts";
import type { TokenAlgorithm } from "../../core/token-algorithms.ts";

/** Access tokens that are signed (JWT, RFC 9068): no question is asked about each. */
export interface JwtSource {
  readonly kind: "jwt";
  /** The `iss` of every token, exactly. */
  readonly issuer: string;
  /** One of these is in the token's `aud`. */
  readonly audience: readonly string[];
  /** Where the issuer's keys are; undefined: what its discovery document says, if that is on the issuer's own origin. */
  readonly jwks?: string | undefined;
  /** Default: all of TOKEN_ALGORITHMS. */
  readonly algorithms?: readonly TokenAlgorithm[] | undefined;
}

/** Any access token: the authorization server is asked about it (RFC 7662). */
export interface IntrospectionSource {
  readonly kind: "introspection";
  readonly endpoint: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** Where given, the answer must carry it. */
  readonly issuer?: string | undefined;
  /** Where given, the answer must carry one of them. */
  readonly audience?: readonly string[] | undefined;
  /** How long a positive answer is believed without asking again, in milliseconds; 0: not at all. Default 30 s. */
  readonly cache?: number | undefined;
}

/** Google's access tokens: neither signed nor to be introspected, but its tokeninfo endpoint knows them. */
export interface TokeninfoSource {
  readonly kind: "tokeninfo";
  readonly endpoint: string;
  /** Without it, a token that any other application was given would do. */
  readonly audience: readonly string[];
  /** As for introspection. */
  readonly cache?: number | undefined;
}

export type TokenSource = JwtSource | IntrospectionSource | TokeninfoSource;

/** Which claims say what; a name with dots leads into objects ("realm_access.roles") unless a claim has it whole. */
export interface ClaimNames {
  /** Default: `preferred_username` in a JWT, `username` in an introspection's answer, `email` in tokeninfo. */
  readonly username?: string | undefined;
  /** Default: the user name, with its domain if it has one. */
  readonly mailbox?: string | undefined;
  /** A list of names, or names with blanks between. Default: `groups`. */
  readonly groups?: string | undefined;
}

export interface OauthOptions {
  readonly name: string;
  readonly source: TokenSource;
  /** A token must have all of these. Not empty: a token without a purpose is for every purpose. */
  readonly scope: readonly string[];
  readonly claims?: ClaimNames | undefined;
  /** Where given, the user name's domain is one of these; needed where an issuer serves strangers too. */
  readonly domains?: readonly string[] | undefined;
  /** How wrong clocks may be, in milliseconds. Default 60 s. */
  readonly clockTolerance?: number | undefined;
  /** PEM: the authorities to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** The longest that a client waits for a verdict, and a request for its answer, in milliseconds. Default 5 s. */
  readonly timeout?: number | undefined;
  /** How many tokens are judged at once; eight times as many may wait. Default 16. */
  readonly concurrency?: number | undefined;
  /** Only for tests: how old keys may get. */
  readonly keyAges?: KeyAges | undefined;
}

/** In milliseconds. */
export interface KeyAges {
  /** Older keys are fetched anew before they are used. */
  readonly fresh: number;
  /** They are still used up to this age while the issuer cannot be reached. */
  readonly usable: number;
  /** A key that is missing is looked for no sooner than this after the last success. */
  readonly cooldown: number;
  /** After a failure nothing is tried for so long. */
  readonly retry: number;
}
