/** Which backend serves whom: the first route whose conditions all hold. */
import type { Route } from "../core/backend.ts";
import { glob } from "../core/glob.ts";
import { domainsOf, type Identity } from "../core/identity.ts";
import { groupFinder } from "../core/membership.ts";
import type { Visit } from "../core/visit.ts";

export type Router = (identity: Identity, visit: Visit) => string | undefined;

/** Compiles the routes once. */
export function makeRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({
    ...route,
    user: unlessAnybody(route.user),
    domain: unlessAnybody(route.domain),
    group: route.groups && groupFinder(route.groups),
  }));
  return (identity, { listener }) => {
    const { user, mailbox } = identity;
    const found = compiled.find(
      (route) =>
        (!route.listeners || route.listeners.includes(listener)) &&
        (!route.user || route.user(user) || route.user(mailbox)) &&
        (!route.domain || [...domainsOf(identity), domainOf(mailbox)].some(route.domain)) &&
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

function unlessAnybody(pattern: string | undefined): ReturnType<typeof glob> | undefined {
  return pattern === undefined || pattern === "*" ? undefined : glob(pattern);
}
