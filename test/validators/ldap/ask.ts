/** An ldap validator over the test's slapd or domain controller. */
import type { Validator } from "../../../src/core/validator.ts";
import { Secret } from "../../../src/core/secret.ts";
import { ldapValidator, type LdapOptions } from "../../../src/validators/ldap/ldap.ts";
import { PEOPLE, SERVICE, SUFFIX, type Slapd } from "../../peers/slapd.ts";
import { NAMES } from "../conformance.ts";

export function overSlapd({ port, ca }: Pick<Slapd, "port" | "ca">, options: Partial<LdapOptions> = {}): Validator {
  return ldapValidator({
    name: "people",
    log: () => undefined,
    names: NAMES,
    servers: [{ host: "127.0.0.1", port, security: "starttls" }],
    ca,
    mode: "search",
    schema: "posix",
    account: { user: SERVICE.dn, password: new Secret(SERVICE.password) },
    users: { base: PEOPLE },
    groups: { base: `ou=groups,${SUFFIX}` },
    attributes: { domain: "o", mailbox: "mail", scram: "description", others: { room: "roomNumber" } },
    timeout: 3000,
    ...options,
  });
}
