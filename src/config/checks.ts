/** What no single key can get wrong: names that must exist, ports bound once, and logons that could never work. */
import { accessSync, constants } from "node:fs";
import { checkAccess, checkIdentity } from "./check-access.ts";
import { errorCode } from "./interpolate.ts";
import type { BackendConfig, Config, ListenerConfig, MechanismName } from "./config.ts";
import type { Route } from "../core/backend.ts";
import { nearest } from "./known-keys.ts";
import type { Complain, Path } from "./problem.ts";
import { checkChains } from "./validators/chain.ts";

export function check(config: Config, certificates: number, complain: Complain): void {
  checkListenerNames(config, complain);
  checkPorts(config, complain);
  checkRoutes(config, complain);
  checkFiles(config, complain);
  checkPolicy(config, complain);
  checkChains(config.validators, checkName, complain);
  const known = {
    listener: config.listeners.map(({ name }) => name),
    validator: config.validators.map(({ name }) => name),
  };
  const checkKnown = (path: Path, kind: "listener" | "validator", name: string): void =>
    void checkName(path, kind, name, known[kind], complain);
  for (const [index, name] of config.guard.domains.entries())
    checkKnown(["guard", "domain", "validators", index], "validator", name);
  checkIdentity(config.identity, checkKnown, complain);
  checkAccess(config.access, checkKnown, complain);
  for (const [index, listener] of config.listeners.entries()) {
    checkListener(listener, ["listeners", index], certificates, config, complain);
    checkReach(listener, ["listeners", index], config, complain);
  }
}

/** Whether a listener offers it without TLS: secrets only where it says so, and what lives in TLS never. */
export function isInClear(mechanism: MechanismName, plaintext: ListenerConfig["plaintext"]): boolean {
  return !NEED_TLS.has(mechanism) || (plaintext === "allowed" && !LIVES_IN_TLS.test(mechanism));
}

const LIVES_IN_TLS = /-PLUS$|^EXTERNAL$/;

function checkListenerNames({ listeners }: Config, complain: Complain): void {
  for (const [index, { name }] of listeners.entries()) {
    const first = listeners.findIndex((listener) => listener.name === name);
    if (first === index) continue;
    const message = `the name "${name}" is taken by listener ${first}`;
    complain({ path: ["listeners", index, "name"], message, remedy: "give each listener its own name" });
  }
}

function checkPorts({ listeners }: Config, complain: Complain): void {
  for (const [index, listener] of listeners.entries()) {
    const other = listeners.slice(0, index).find((earlier) => collide(earlier, listener));
    if (other === undefined) continue;
    const message = `port ${listener.bind.port} is bound by listener "${other.name}" already`;
    complain({ path: ["listeners", index, "bind"], message, remedy: "choose another port or address" });
  }
}

/** Addresses that stand for all addresses, as Node binds them. */
const EVERY_ADDRESS: ReadonlySet<string | undefined> = new Set([undefined, "::", "0.0.0.0"]);

/** "::" takes the IPv4 addresses too. Port 0 is a new port each time. */
function collide({ bind: a }: ListenerConfig, { bind: b }: ListenerConfig): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || EVERY_ADDRESS.has(a.host) || EVERY_ADDRESS.has(b.host);
}

const SHOWS_PASSWORD: ReadonlySet<MechanismName> = new Set(["PLAIN", "LOGIN"]);
/** They show a secret, are bound to TLS, or live in its certificates. */
const NEED_TLS: ReadonlySet<MechanismName> = new Set([
  "PLAIN",
  "LOGIN",
  "OAUTHBEARER",
  "XOAUTH2",
  "EXTERNAL",
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-1-PLUS",
]);

function checkListener(
  listener: ListenerConfig,
  path: Path,
  certificates: number,
  config: Config,
  complain: Complain,
): void {
  const { name, tls, mechanisms, plaintext, ntlm, validator } = listener;
  if (tls !== "off" && certificates === 0) {
    const remedy = 'add a certificate under "tls:", or say "tls: off"';
    complain({ path: [...path, "tls"], message: `${name} wants TLS, but there is no certificate`, remedy });
  }
  if (tls === "off" && plaintext === "tls-only" && mechanisms.every((each) => NEED_TLS.has(each))) {
    const remedy = 'give it TLS, add NTLM, or say "plaintext: allowed"';
    const message = `${name} offers nothing: ${mechanisms.join(" and ")} need TLS here, and there is none`;
    complain({ path: [...path, "mechanisms"], message, remedy });
  }
  if (tls === "off" && ntlm.channelBinding === "require" && mechanisms.includes("NTLM")) {
    const message = `${name} requires a channel binding, which there is only under TLS`;
    complain({ path: [...path, "ntlm", "channelBinding"], message, remedy: 'give it TLS, or say "verify-if-present"' });
  }
  checkName(
    [...path, "validator"],
    "validator",
    validator,
    config.validators.map((item) => item.name),
    complain,
  );
}

function checkName(path: Path, kind: string, name: string, known: readonly string[], complain: Complain): boolean {
  if (known.includes(name)) return true;
  const meant = nearest(name, known);
  const choice = known.length === 0 ? `add one under "${kind}s:"` : `there are: ${known.join(", ")}`;
  const message = name === "" ? `there is no ${kind}` : `there is no ${kind} "${name}"`;
  complain({ path, message, remedy: meant === undefined ? choice : `did you mean "${meant}"?` });
  return false;
}

function checkRoutes({ routes, backends, listeners }: Config, complain: Complain): void {
  const names = backends.map(({ name }) => name);
  if (routes.length === 0) {
    const remedy = names.length === 0 ? 'add one under "backends:"' : 'add "routes:", for example [{ backend: NAME }]';
    complain({
      path: names.length === 0 ? ["backends"] : [],
      message: names.length === 0 ? "there is no backend" : "no route says which backend is whose",
      remedy,
    });
  }
  for (const [index, route] of routes.entries()) {
    checkName(["routes", index, "backend"], "backend", route.backend, names, complain);
    for (const listener of route.listeners ?? [])
      checkName(
        ["routes", index, "when", "listener"],
        "listener",
        listener,
        listeners.map(({ name }) => name),
        complain,
      );
    const catchAll = routes
      .slice(0, index)
      .findIndex((earlier) => isForAll(earlier) && earlier.listeners === undefined);
    if (catchAll < 0) continue;
    const message = `never reached: route ${catchAll} takes everybody`;
    complain({ path: ["routes", index], message, remedy: "put it further up", severity: "warning" });
  }
}

/** Rules and exceptions for listeners that are not there would be silently about nobody. */
function checkPolicy({ policy, listeners }: Config, complain: Complain): void {
  const names = listeners.map(({ name }) => name);
  for (const kind of ["rules", "exceptions"] as const)
    for (const [index, entry] of policy[kind].entries())
      for (const [at, listener] of (entry.listeners ?? []).entries())
        checkName(["policy", kind, index, "listeners", at], "listener", listener, names, complain);
}

function isForAll({ user, domain, groups }: Route): boolean {
  return user === undefined && domain === undefined && groups === undefined;
}

/** The backends that a logon at `listener` can end at. */
export function reachable(listener: ListenerConfig, { routes, backends }: Config): BackendConfig[] {
  const open = routes.filter(({ listeners }) => listeners === undefined || listeners.includes(listener.name));
  const last = open.findIndex(isForAll);
  const names = new Set(open.slice(0, last < 0 ? undefined : last + 1).map(({ backend }) => backend));
  return backends.filter(({ name }) => names.has(name));
}

function checkReach(listener: ListenerConfig, path: Path, config: Config, complain: Complain): void {
  const { name, protocol, mechanisms } = listener;
  const reached = reachable(listener, config);
  const isRouted = config.routes.some(({ listeners }) => listeners === undefined || listeners.includes(name));
  if (!isRouted && config.routes.length > 0)
    complain({ path, message: `no route is for ${name}: nobody could log on there`, remedy: "add a route for it" });
  for (const backend of reached) {
    if (backend[protocol] === undefined) {
      const remedy = `add "${protocol}:" to the backend, or routes with "when: { listener: ... }"`;
      complain({ path, message: `${name} leads to backend "${backend.name}", which has no ${protocol}`, remedy });
    }
    const hiding = mechanisms.find((each) => !SHOWS_PASSWORD.has(each));
    if (backend.logon.method !== "password" || hiding === undefined) continue;
    const message = `${name} offers ${hiding}, which never shows the password that backend "${backend.name}" wants`;
    const remedy =
      'give the backend "logon: { method: master }" (or authzid, account), or say "mechanisms: [PLAIN, LOGIN]" here';
    complain({ path, message, remedy });
  }
}

function checkFiles({ validators }: Config, complain: Complain): void {
  for (const validator of validators) {
    if (validator.type !== "file") continue;
    const { name, path: file } = validator;
    try {
      accessSync(file, constants.R_OK);
    } catch (error) {
      const message = `${file} cannot be read (${errorCode(error)})`;
      complain({ path: ["validators", name, "path"], message, remedy: `postern user add NAME --file ${file}` });
    }
  }
}
