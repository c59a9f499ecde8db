/** From a token's claims to whom it stands for, and what it must allow (RFC 8693 section 4.2, OpenID Connect Core 5.1). */
import { isNameOf, isPlausibleName, isSameName, splitName, type Identity } from "../../core/identity.ts";
import type { Denied, Verdict } from "../../core/verdict.ts";
import type { ClaimNames } from "./options.ts";
import { refuse, type Claims } from "./reading.ts";

export interface Expectations {
  readonly scope: readonly string[];
  readonly claims: ClaimNames & { readonly username: string };
  readonly domains: readonly string[] | undefined;
}

/** More groups than these are cut off: routes name a few. */
const GROUP_LIMIT = 1000;

/** The verdict about a genuine token, shown beside `claimed`, the name that the client sent; empty: none. */
export function judgeClaims(claims: Claims, claimed: string, expected: Expectations): Verdict {
  const identity = identityOf(claims, expected);
  if ("kind" in identity) return identity;
  const { user } = identity;
  const missing = expected.scope.find((each) => !scopesOf(claims).includes(each));
  if (missing !== undefined) return { ...refuse(`the token lacks the scope ${missing}`, "not-authorized"), user };
  if (claimed !== "" && !isNameOf(claimed, identity)) {
    return { ...refuse("the token is another user's than the name sent beside it", "not-authorized"), user };
  }
  return { kind: "accepted", identity };
}

function identityOf(claims: Claims, { claims: names, domains }: Expectations): Identity | Denied {
  const username = nameIn(claims, names.username);
  if (typeof username !== "string") return username;
  const mailbox = names.mailbox === undefined ? username : nameIn(claims, names.mailbox);
  if (typeof mailbox !== "string") return mailbox;
  const { user, domain } = splitName(username);
  if (!isPlausibleName(user)) return refuse(`the claim ${names.username} is no user name`);
  if (domains && !(domain !== undefined && domains.some((each) => isSameName(each, domain)))) {
    return { ...refuse("the user's domain is none of those that may log on", "not-authorized"), user };
  }
  const groups = groupsOf(claims, names.groups ?? "groups");
  return { user, ...(domain !== undefined && { domain }), mailbox, groups, attributes: attributesOf(claims) };
}

/**
 * Anybody can write anybody's address into a profile: an `email` counts only as verified (OpenID Connect Core
 * sections 5.1 and 5.7).
 */
function nameIn(claims: Claims, claim: string): string | Denied {
  const value = claimAt(claims, claim);
  if (value === undefined) return refuse(`the token has no claim ${claim}`, "not-authorized");
  if (typeof value !== "string" || !isPlausibleName(value)) return refuse(`the claim ${claim} is no name`);
  const { email_verified: verified } = claims;
  if (claim === "email" && verified !== true && verified !== "true") {
    return refuse("the token's email is not verified (email_verified)", "not-authorized");
  }
  return value;
}

/** A claim of that name, or else the way through objects that its dots describe. */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value;
}

/** `scope` with blanks between (RFC 8693 section 4.2); Entra and Okta call it `scp`, the latter with a list. */
function scopesOf({ scope, scp }: Claims): readonly string[] {
  return wordsOf(scope ?? scp);
}

function groupsOf(claims: Claims, claim: string): readonly string[] {
  return wordsOf(claimAt(claims, claim)).filter(isPlausibleName).slice(0, GROUP_LIMIT);
}

function wordsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((each) => typeof each === "string");
  return typeof value === "string" ? value.split(" ").filter((each) => each !== "") : [];
}

/** For name templates: the account's and the application's lasting ids. */
function attributesOf({ sub, client_id: client, azp }: Claims): Readonly<Record<string, string>> {
  const named: readonly (readonly [string, unknown])[] = [
    ["sub", sub],
    ["client_id", client ?? azp],
  ];
  return Object.fromEntries(
    named.filter((pair): pair is [string, string] => typeof pair[1] === "string" && isPlausibleName(pair[1])),
  );
}
