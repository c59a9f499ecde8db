/** Signed access tokens: JWT (RFC 7519) with the profile of RFC 9068 where a token says that it follows it. */
import { errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyResult } from "jose";
import { KeysUnavailable } from "./key-set.ts";
import { TOKEN_ALGORITHMS } from "../../core/token-algorithms.ts";
import type { JwtSource } from "./options.ts";
import { refuse, unable, type Claims, type ReadToken, type Reading } from "./reading.ts";

/** `typ` of an access token; logout tokens, DPoP proofs and the like have others (RFC 8725 section 3.11). */
const ACCESS_TOKEN_TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt"]);
/** Keycloak signs its other tokens with the same keys, and says in a claim `typ` which is which. */
const OTHER_TOKENS: ReadonlySet<string> = new Set(["id", "refresh", "offline", "logout"]);

/** Throws Error with a sentence for the administrator when an algorithm is not one of TOKEN_ALGORITHMS. */
export function jwtReader(source: JwtSource, keys: JWTVerifyGetKey, clockTolerance: number): ReadToken {
  const { issuer, audience, algorithms = TOKEN_ALGORITHMS } = source;
  const odd = algorithms.find((each) => !TOKEN_ALGORITHMS.includes(each));
  if (odd !== undefined || algorithms.length === 0)
    throw new Error(`${odd ?? "nothing"} is no algorithm with public keys`);
  if (audience.length === 0) throw new Error("a token without an audience is for everybody: name one");
  const options = {
    ...{ issuer, audience: [...audience], algorithms: [...algorithms] },
    requiredClaims: ["exp", "iss", "aud"],
    clockTolerance: clockTolerance / 1000,
  };
  return async (token) => {
    try {
      return read(await jwtVerify(token, keys, options));
    } catch (error) {
      return explain(error, source);
    }
  };
}

function read({ payload, protectedHeader }: JWTVerifyResult): Reading {
  const type = (protectedHeader.typ ?? "JWT").toLowerCase().replace(/^application\//, "");
  if (!ACCESS_TOKEN_TYPES.has(type)) return refuse("it is a token of another kind (typ)");
  const why = notForUs(payload);
  return why === undefined ? { kind: "claims", claims: payload } : refuse(why);
}

/** Why a genuine token is still no bearer's access token. */
export function notForUs(claims: Claims): string | undefined {
  const { cnf, typ, at_hash: accessTokenHash } = claims;
  if (cnf !== undefined) return "the token is bound to a key (cnf), which mail clients cannot show";
  if (typeof typ === "string" && OTHER_TOKENS.has(typ.toLowerCase())) return "it is a token of another kind (typ)";
  return accessTokenHash === undefined ? undefined : "it is an ID token, not an access token";
}

/** Only our own words: a token's are an attacker's. */
function explain(error: unknown, { issuer, audience }: JwtSource): Reading {
  if (error instanceof KeysUnavailable) return unable(`the keys of ${issuer} cannot be had: ${error.message}`);
  if (error instanceof errors.JWTExpired) return refuse("the token has expired");
  if (error instanceof errors.JWTClaimValidationFailed) return refuse(wrongClaim(error.claim, issuer, audience));
  if (error instanceof errors.JWSSignatureVerificationFailed) return refuse("the token's signature is wrong");
  if (error instanceof errors.JWKSNoMatchingKey) return refuse(`the token is signed with no key of ${issuer}`);
  if (error instanceof errors.JWKSMultipleMatchingKeys) return refuse("the token does not say which key signed it");
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refuse("the token is signed with an algorithm that is not allowed");
  if (error instanceof errors.JOSEError) return refuse("it is not a signed JWT that can be verified");
  // A key that is too short for its algorithm, for example: no client can help that.
  return unable(`a token could not be held against the keys of ${issuer}: ${error instanceof Error ? error.name : ""}`);
}

function wrongClaim(claim: string, issuer: string, audience: readonly string[]): string {
  if (claim === "iss") return `the token is not from ${issuer}`;
  if (claim === "aud") return `the token is not for ${audience.join(" or ")}`;
  if (claim === "nbf") return "the token is not valid yet";
  return claim === "exp" ? "the token has no end of its validity (exp)" : "a claim of the token is wrong";
}
