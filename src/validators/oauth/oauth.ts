/** Validator `oauth`: bearer tokens, read as JWT (RFC 9068) or by asking their authorization server (RFC 7662). */
import type { BearerEvidence } from "../../core/evidence.ts";
import type { Validator } from "../../core/validator.ts";
import type { Verdict } from "../../core/verdict.ts";
import { Gate } from "../gate.ts";
import { Http } from "../web.ts";
import { judgeClaims, type Expectations } from "./identity.ts";
import { askingReader } from "./introspection.ts";
import { jwtReader } from "./jwt.ts";
import { discoveryUrl, KEY_AGES, keySet } from "./key-set.ts";
import type { OauthOptions, TokenSource } from "./options.ts";
import { refuse, unable, type ReadToken } from "./reading.ts";

export type {
  ClaimNames,
  IntrospectionSource,
  JwtSource,
  OauthOptions,
  TokeninfoSource,
  TokenSource,
} from "./options.ts";

/** Characters: as much as a line of a SASL exchange holds. */
const TOKEN_LIMIT = 12_288;
const TIMEOUT = 5000;
const CLOCK_TOLERANCE = 60_000;
const CONCURRENCY = 16;
/** For each that is judged so many may wait: mail clients come back in crowds after an outage. */
const QUEUE = 8;

/**
 * Of OpenID's claims the user's own name: `sub` opens no mailbox, and `email` is often what the user typed. What
 * RFC 7662 and tokeninfo have instead is called otherwise. There is no second choice where it is missing, because the
 * user might choose then.
 */
const USERNAME: Readonly<Record<TokenSource["kind"], string>> = {
  jwt: "preferred_username",
  introspection: "username",
  tokeninfo: "email",
};

/** Asks nobody before the first token comes. Throws Error with a sentence for the administrator. */
export function oauthValidator(options: OauthOptions): Validator {
  const { name, source, scope, claims, domains, timeout = TIMEOUT, concurrency = CONCURRENCY } = options;
  if (scope.length === 0) throw new Error("oauth wants a scope that a token must have");
  const http = new Http({ urls: urlsOf(source), ca: options.ca, timeout });
  const read = readerOf(options, http, timeout);
  const gate = new Gate(concurrency, concurrency * QUEUE);
  const expected = { scope, claims: { ...claims, username: claims?.username ?? USERNAME[source.kind] }, domains };
  const issuer = source.kind === "tokeninfo" ? undefined : source.issuer;
  let isClosed = false;
  const judge = async (evidence: BearerEvidence): Promise<Verdict> => {
    if (isClosed) return unable("the validator is closed");
    const verdict = gate.run(() => judgeToken(evidence, read, expected));
    return verdict === undefined ? unable("too many tokens are waiting") : within(timeout, verdict);
  };
  return {
    name,
    bearer: {
      scope: scope.join(" "),
      openidConfiguration: issuer === undefined ? undefined : discoveryUrl(issuer),
      verify: judge,
    },
    close() {
      isClosed = true;
      http.close();
      return Promise.resolve();
    },
  };
}

function urlsOf(source: TokenSource): readonly string[] {
  if (source.kind !== "jwt") return [source.endpoint];
  return source.jwks === undefined ? [source.issuer] : [source.jwks];
}

function readerOf({ source, keyAges = KEY_AGES, ...options }: OauthOptions, http: Http, timeout: number): ReadToken {
  const clockTolerance = options.clockTolerance ?? CLOCK_TOLERANCE;
  if (source.kind !== "jwt") return askingReader(source, http, clockTolerance, Date.now);
  const keys = keySet({ issuer: source.issuer, jwks: source.jwks, ages: keyAges, timeout }, http);
  return jwtReader(source, keys, clockTolerance);
}

async function judgeToken(
  { username, token }: BearerEvidence,
  read: ReadToken,
  expected: Expectations,
): Promise<Verdict> {
  const text = token.reveal();
  if (text.length > TOKEN_LIMIT) return refuse(`the token has more than ${TOKEN_LIMIT} characters`);
  const reading = await read(text);
  return reading.kind === "claims" ? judgeClaims(reading.claims, username, expected) : reading;
}

/** Whoever waits longer is told that nobody knows; the question itself ends by its own time limit. */
async function within(timeout: number, verdict: Promise<Verdict>): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => resolve(unable(`no answer about the token within ${timeout / 1000} s`)), timeout);
  });
  try {
    return await Promise.race([verdict, late]);
  } finally {
    clearTimeout(timer);
  }
}
