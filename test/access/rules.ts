/** Identity rules for the tests of this room: two companies and a listener for each way to scope them. */
import { rulesFor, type ListenerRules } from "../../src/access/listener-rules.ts";
import type { DomainRule, IdentityRules } from "../../src/access/rules.ts";
import type { TargetNames } from "../../src/core/validator.ts";

export const EXAMPLE: DomainRule = {
  netbios: "EXAMPLE",
  dns: ["example.com", "mail.example.com"],
  validator: "ad",
  ask: "user@dns",
};
export const PARTNER: DomainRule = { netbios: "PARTNER", dns: ["partner.example"], validator: "sql", ask: "user" };

/** Clients of libntlm and Cyrus send these as if the user had typed them. */
export const SHOWN: TargetNames = {
  netbiosDomain: "GATE",
  netbiosComputer: "MAIL",
  dnsDomain: "gate.example",
  dnsComputer: "mail.gate.example",
  domainJoined: true,
};

export const RULES: IdentityRules = {
  domains: [EXAMPLE, PARTNER, { dns: ["only.imap.example"], ask: "as-sent", listeners: ["imap"] }],
  aliases: [{ name: "info@example.com", means: "EXAMPLE\\alice" }],
  defaultDomain: "EXAMPLE",
  listeners: {
    partners: { defaultDomain: "partner.example", unknownDomains: "refuse", mailbox: "{user}@{dnsDomain}" },
  },
};

export function rules(listener = "imap", more: Partial<IdentityRules> = {}): ListenerRules {
  return rulesFor({ ...RULES, ...more }, { name: listener, validator: "users" });
}
