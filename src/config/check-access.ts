/** What no single key of `identity:` and `access:` can get wrong: names that must exist, and domains that two rules claim. */
import { isSameName } from "../core/identity.ts";
import type { Complain, Path } from "./problem.ts";
import type { AccessConfig } from "./schema/access.ts";
import type { IdentityConfig } from "./schema/identity.ts";

/** Complains of a name at the path that is none of those known, as checks.ts does it. */
export type CheckName = (path: Path, kind: "listener" | "validator", name: string) => void;

type Domain = IdentityConfig["domains"][number];

export function checkIdentity(identity: IdentityConfig, checkName: CheckName, complain: Complain): void {
  for (const [index, domain] of identity.domains.entries()) {
    const path = ["identity", "domains", index];
    checkScope(domain, path, checkName);
    if (domain.validator !== undefined) checkName([...path, "validator"], "validator", domain.validator);
    checkDomainNames(domain, path, identity.domains.slice(0, index), complain);
    checkForm(domain, path, complain);
  }
  checkAliases(identity, checkName, complain);
  checkDefaults(identity, ["identity"], identity.domains, complain);
  for (const [listener, defaults] of Object.entries(identity.listeners)) {
    const path = ["identity", "listeners", listener];
    checkName(path, "listener", listener);
    checkDefaults(
      defaults,
      path,
      identity.domains.filter((domain) => isAt(domain, listener)),
      complain,
    );
  }
  checkMailboxes(identity, complain);
}

function checkScope(scoped: { listeners?: string[] | undefined }, path: Path, checkName: CheckName): void {
  for (const [at, listener] of (scoped.listeners ?? []).entries())
    checkName([...path, "listeners", at], "listener", listener);
}

function namesOf({ netbios, dns }: Domain): string[] {
  return [...(netbios === undefined ? [] : [netbios]), ...dns];
}

function isAt({ listeners }: Pick<Domain, "listeners">, listener: string): boolean {
  return listeners === undefined || listeners.includes(listener);
}

function meet({ listeners }: Pick<Domain, "listeners">, other: Pick<Domain, "listeners">): boolean {
  return listeners === undefined || listeners.some((listener) => isAt(other, listener));
}

function checkDomainNames(domain: Domain, path: Path, earlier: readonly Domain[], complain: Complain): void {
  const names = namesOf(domain);
  if (names.length === 0)
    complain({ path, message: "the domain has no name", remedy: 'add "netbios:" or "dns: [...]"' });
  for (const name of names) {
    const first = earlier.findIndex(
      (other) => meet(domain, other) && namesOf(other).some((each) => isSameName(each, name)),
    );
    if (first < 0) continue;
    const message = `"${name}" is a name of domain ${first} already`;
    complain({ path, message, remedy: "put all names of one domain together, or give the two different listeners" });
  }
}

function checkForm({ ask, netbios, dns }: Domain, path: Path, complain: Complain): void {
  const wants = ask === "user@dns" && dns.length === 0 ? "dns" : undefined;
  const missing = wants ?? (ask === "NETBIOS\\user" && netbios === undefined ? "netbios" : undefined);
  if (missing === undefined) return;
  complain({ path: [...path, "ask"], message: `${ask} wants a name under "${missing}:"`, remedy: "add it" });
}

function checkAliases({ aliases }: IdentityConfig, checkName: CheckName, complain: Complain): void {
  for (const [index, alias] of aliases.entries()) {
    const path = ["identity", "aliases", index];
    checkScope(alias, path, checkName);
    const first = aliases
      .slice(0, index)
      .findIndex((other) => meet(alias, other) && isSameName(alias.name, other.name));
    if (first >= 0)
      complain({ path: [...path, "name"], message: `alias ${first} has this name`, remedy: "remove one of them" });
  }
}

function checkDefaults(
  { defaultDomain }: Pick<IdentityConfig, "defaultDomain">,
  path: Path,
  domains: readonly Domain[],
  complain: Complain,
): void {
  if (defaultDomain === undefined) return;
  const names = domains.flatMap(namesOf);
  if (names.some((each) => isSameName(each, defaultDomain))) return;
  const remedy = names.length === 0 ? 'add it under "domains:"' : `there are: ${names.join(", ")}`;
  complain({ path: [...path, "defaultDomain"], message: `no domain here is called "${defaultDomain}"`, remedy });
}

/** Users of two domains may have the same name, and must not have the same mailbox. */
function checkMailboxes(identity: IdentityConfig, complain: Complain): void {
  const { domains, mailbox } = identity;
  for (const [index, domain] of domains.entries()) {
    const template = domain.mailbox ?? mailbox;
    if (template === undefined || /\{(?!user\})/.test(template)) continue;
    const other = domains.find((each) => each !== domain && meet(domain, each));
    if (other === undefined) continue;
    const place = domain.mailbox === undefined ? ["identity", "mailbox"] : ["identity", "domains", index, "mailbox"];
    const names = [domain, other].map((each) => namesOf(each)[0] ?? "").join(" and ");
    const message = `users of the same name in ${names} would open the same mailbox`;
    complain({ path: place, message, remedy: "put {domain} or {dnsDomain} into it", severity: "warning" });
    return;
  }
}

export function checkAccess(rules: AccessConfig, checkName: CheckName, complain: Complain): void {
  for (const [index, rule] of rules.entries()) {
    const path = ["access", index];
    checkScope(rule, path, checkName);
    const first = rules.findIndex(({ name }) => name === rule.name);
    if (first !== index)
      complain({ path: [...path, "name"], message: `rule ${first} has this name`, remedy: "give each its own name" });
    if (rule.allow === undefined && rule.deny === undefined)
      complain({ path, message: `${rule.name} neither allows nor denies anybody`, remedy: 'add "allow:" or "deny:"' });
    for (const word of ["allow", "deny"] as const)
      if (rule[word] !== undefined && Object.values(rule[word]).every((list) => list === undefined))
        complain({ path: [...path, word], message: "names nobody", remedy: 'add "users:", "groups:" or "sids:"' });
  }
}
