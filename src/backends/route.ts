/** Which backend serves whom: the first route whose conditions all hold. */
import type { Route } from "../core/backend.ts";
import type { Identity } from "../core/identity.ts";
import { groupFinder } from "../core/membership.ts";
import type { Visit } from "../core/visit.ts";

export type Router = (identity: Identity, visit: Visit) => string | undefined;

/** Compiles the routes once. */
export function makeRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({
    ...route,
    user: glob(route.user),
    domain: glob(route.domain),
    group: route.groups && groupFinder(route.groups),
  }));
  return (identity, { listener }) => {
    const { user, domain = "", mailbox } = identity;
    const found = compiled.find(
      (route) =>
        (!route.listeners || route.listeners.includes(listener)) &&
        (!route.user || route.user.test(user) || route.user.test(mailbox)) &&
        (!route.domain || route.domain.test(domain) || route.domain.test(domainOf(mailbox))) &&
        (!route.group || route.group(identity) !== undefined),
    );
    return found?.backend;
  };
}

/** Backends that a client of this listener may end at. */
export function reachable(routes: readonly Route[], listener: string): string[] {
  const names = routes.filter((route) => !route.listeners || route.listeners.includes(listener));
  return [...new Set(names.map((route) => route.backend))];
}

function domainOf(mailbox: string): string {
  return mailbox.includes("@") ? mailbox.slice(mailbox.lastIndexOf("@") + 1) : "";
}

function glob(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined || pattern === "*") return undefined;
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "isu");
}
