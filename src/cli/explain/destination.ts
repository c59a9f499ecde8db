/** Where a logon would go on to: which route takes it, and the name that the backend hears. */
import { credentialsFor } from "../../backends/credentials.ts";
import { makeRouter } from "../../backends/route.ts";
import type { LogonMethod, Route } from "../../core/backend.ts";
import type { Identity } from "../../core/identity.ts";
import { Secret } from "../../core/secret.ts";
import type { MechanismName } from "../../config/config.ts";
import { refusal, visitOf, type ExplainedConfig, type Finding, type Question } from "./question.ts";
import { hostPort } from "../../wire/networks.ts";

/** `isKnown`: the identity's attributes are the account's. */
export function destination(
  config: ExplainedConfig,
  question: Question,
  identity: Identity,
  isKnown: boolean,
): Finding[] {
  const visit = visitOf(question);
  const index = config.routes.findIndex((route) => makeRouter([route])(identity, visit) !== undefined);
  const route = config.routes[index];
  if (route === undefined)
    return [refusal("route", `no route is for ${identity.user} at ${visit.listener}; add one under "routes:"`)];
  const backend = config.backends.find(({ name }) => name === route.backend);
  const routed: Finding = {
    about: "route",
    words: `route ${index} (${routeInWords(route)}) leads to ${route.backend}`,
  };
  const server = backend?.[visit.protocol];
  if (backend === undefined || server === undefined)
    return [routed, refusal("backend", `${route.backend} has no ${visit.protocol}; add it under "backends:"`)];
  const place = `${visit.protocol} ${hostPort(server)}`;
  return [routed, logonFinding(backend.logon, question.mechanism, identity, isKnown, place)];
}

const SHOWS_PASSWORD: ReadonlySet<MechanismName> = new Set(["PLAIN", "LOGIN"]);

function logonFinding(
  logon: LogonMethod,
  mechanism: MechanismName,
  identity: Identity,
  isKnown: boolean,
  place: string,
): Finding {
  if (!isKnown && hasAttributes(logon)) {
    const words = `${place}: logs on with an account from attributes, which only the validator knows`;
    return { about: "backend", words };
  }
  // Any password will do: only the name is shown.
  const password = SHOWS_PASSWORD.has(mechanism) ? new Secret("secret") : undefined;
  const found = credentialsFor(logon, { identity, password, helo: undefined });
  if (typeof found === "string") return refusal("backend", `${place}: ${found}`);
  const acting = found.authzid === undefined ? "" : `, acting for ${found.authzid}`;
  return { about: "backend", words: `${place}: logs on as ${found.user}${acting} (${logon.method})` };
}

function hasAttributes(logon: LogonMethod): boolean {
  return logon.method === "account" && ("passwordAttribute" in logon || logon.user.includes("{attr."));
}

function routeInWords({ user, domain, groups, listeners }: Route): string {
  const said = [
    user && `user ${user}`,
    domain && `domain ${domain}`,
    groups && `groups ${groups.join(", ")}`,
    listeners && `listener ${listeners.join(", ")}`,
  ].filter((each) => each !== undefined);
  return said.length === 0 ? "for all" : said.join("; ");
}
