/** An issuer's public keys (RFC 7517), found by OpenID Connect Discovery 1.0 section 4 unless their address is given. */
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";
import { HttpFailure, parseObject, type Http } from "../web.ts";
import type { KeyAges } from "./options.ts";

/** Ten minutes is what a withdrawn key may live on; an hour is as long as most tokens last. */
export const KEY_AGES: KeyAges = { fresh: 600_000, usable: 3_600_000, cooldown: 30_000, retry: 5000 };

/** The keys could not be had: nothing is said about any token. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

export interface KeySetOptions {
  readonly issuer: string;
  readonly jwks: string | undefined;
  readonly ages: KeyAges;
  readonly timeout: number;
}

export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

/** Finds the key for a token. Rejects with KeysUnavailable, or with jose's errors where no key fits. */
export function keySet({ issuer, jwks, ages, timeout }: KeySetOptions, http: Http): JWTVerifyGetKey {
  let fetched = 0;
  let failed: { at: number; why: string } | undefined;
  const fetchKeys = async (): Promise<Response> => {
    if (failed && performance.now() - failed.at < ages.retry) throw new KeysUnavailable(failed.why);
    try {
      const keys = await get(new URL(jwks ?? (await discover(issuer, http))), http);
      if (!Array.isArray(keys["keys"])) throw new HttpFailure(`the key set of ${issuer} has no keys`);
      [fetched, failed] = [performance.now(), undefined];
      return new Response(JSON.stringify(keys));
    } catch (error) {
      failed = { at: performance.now(), why: error instanceof HttpFailure ? error.message : "its keys are unreadable" };
      throw new KeysUnavailable(failed.why);
    }
  };
  const set = createRemoteJWKSet(new URL(jwks ?? discoveryUrl(issuer)), {
    cacheMaxAge: ages.usable,
    cooldownDuration: ages.cooldown,
    timeoutDuration: 2 * timeout,
    [customFetch]: fetchKeys,
  });
  return async (header, token) => {
    const isOld = set.jwks() !== undefined && performance.now() - fetched > ages.fresh;
    if (isOld) await set.reload().catch(() => undefined);
    return set(header, token).catch(asUnavailable);
  };
}

/** No key that fits is the token's fault; all else is the issuer's or the network's. */
function asUnavailable(error: unknown): never {
  const isTokens = error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
  if (isTokens || error instanceof KeysUnavailable) throw error;
  throw new KeysUnavailable("its keys are unreadable");
}

async function discover(issuer: string, http: Http): Promise<string> {
  const found = await get(new URL(discoveryUrl(issuer)), http);
  const { issuer: named, jwks_uri: jwks } = found;
  if (named !== issuer) throw new HttpFailure(`the discovery document of ${issuer} is of another issuer`);
  if (typeof jwks !== "string" || !URL.canParse(jwks)) throw new HttpFailure(`${issuer} names no key set`);
  return jwks;
}

async function get(url: URL, http: Http): Promise<Readonly<Record<string, unknown>>> {
  const answer = await http.request(url, { method: "GET" });
  if (answer.status !== 200) throw new HttpFailure(`${url.host} answers with status ${answer.status}`);
  return parseObject(answer, url.host);
}
