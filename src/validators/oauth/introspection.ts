/** Asking about a token: OAuth 2.0 Token Introspection (RFC 7662), and Google's tokeninfo, which is something like it. */
import { base64OfText } from "../../core/base64.ts";
import { AnswerCache } from "./answer-cache.ts";
import { HttpFailure, parseObject, type Http, type HttpAnswer, type HttpRequest } from "../web.ts";
import { notForUs } from "./jwt.ts";
import type { IntrospectionSource, TokeninfoSource } from "./options.ts";
import { refuse, unable, type Claims, type ReadToken, type Reading } from "./reading.ts";
import { secondsOf } from "./seconds.ts";

type Asked = IntrospectionSource | TokeninfoSource;

/** Enough for the connections that a client opens in a row, short enough for a token that was stolen and revoked. */
const CACHE = 30_000;

/** `now`: milliseconds since 1970. */
export function askingReader(source: Asked, http: Http, clockTolerance: number, now: () => number): ReadToken {
  const cache = new AnswerCache(source.cache ?? CACHE, now);
  const url = new URL(source.endpoint);
  return async (token) => {
    const known = cache.get(token);
    if (known) return { kind: "claims", claims: known };
    try {
      const claims = answered(source, await http.request(url, question(source, token)), url);
      const reading = check(claims, source, now(), clockTolerance);
      if (reading.kind === "claims") cache.put(token, reading.claims);
      return reading;
    } catch (error) {
      if (error instanceof HttpFailure) return unable(error.message);
      throw error;
    }
  };
}

/** RFC 7662 section 2.1; a client's id and secret are form-encoded inside Basic (RFC 6749 section 2.3.1). */
function question(source: Asked, token: string): HttpRequest {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  // In a header, never in the address: addresses are logged.
  if (source.kind === "tokeninfo")
    return { method: "POST", headers: { ...form, authorization: `Bearer ${token}` }, body: "" };
  const pair = [source.clientId, source.clientSecret.reveal()].map(formEncoded).join(":");
  const authorization = `Basic ${base64OfText(pair)}`;
  const body = new URLSearchParams({ token, token_type_hint: "access_token" }).toString();
  return { method: "POST", headers: { ...form, authorization }, body };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** undefined: the server knows of no such token (RFC 7662 section 2.2; tokeninfo says so with a 400). */
function answered(source: Asked, answer: HttpAnswer, { host }: URL): Claims | undefined {
  const { status } = answer;
  if (source.kind === "tokeninfo") {
    if (status === 400 && "error" in parseObject(answer, host)) return undefined;
    if (status === 200) return parseObject(answer, host);
  } else {
    if (status === 401 || status === 403) throw new HttpFailure(`${host} refuses our client id or secret`);
    if (status === 200) return activeOf(parseObject(answer, host), host);
  }
  throw new HttpFailure(`${host} answers with status ${status}`);
}

function activeOf(claims: Claims, host: string): Claims | undefined {
  const { active } = claims;
  if (typeof active !== "boolean") throw new HttpFailure(`${host} does not say whether the token is active`);
  return active ? claims : undefined;
}

function check(claims: Claims | undefined, source: Asked, now: number, clockTolerance: number): Reading {
  if (claims === undefined) return refuse("the token is not active: expired, revoked or never issued");
  const why = wrongTime(claims, now, clockTolerance) ?? wrongPlace(claims, source) ?? notForUs(claims);
  return why === undefined ? { kind: "claims", claims } : refuse(why);
}

function wrongTime(claims: Claims, now: number, clockTolerance: number): string | undefined {
  const [from, until] = [secondsOf(claims["nbf"]), secondsOf(claims["exp"])];
  if (until !== undefined && until * 1000 + clockTolerance <= now) return "the token has expired";
  return from !== undefined && from * 1000 - clockTolerance > now ? "the token is not valid yet" : undefined;
}

function wrongPlace(claims: Claims, source: Asked): string | undefined {
  const { iss, aud, token_type: type } = claims;
  if (source.kind === "introspection" && source.issuer !== undefined && iss !== source.issuer) {
    return `the token is not from ${source.issuer}`;
  }
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (source.audience && !source.audience.some((each) => audiences.includes(each))) {
    return `the token is not for ${source.audience.join(" or ")}`;
  }
  // Of the kinds of RFC 7662's token_type only this one is shown by itself; others come with a proof.
  const isBearer = type === undefined || (typeof type === "string" && /^(?:bearer|access_token)$/i.test(type));
  return isBearer ? undefined : "it is not a bearer token (token_type)";
}
