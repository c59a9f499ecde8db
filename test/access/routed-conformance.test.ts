/** Validators behind identity rules do all that a validator alone must do, with real accounts and real NTLM responses. */
import assert from "node:assert/strict";
import { rulesFor } from "../../src/access/listener-rules.ts";
import { routedByDomain } from "../../src/access/routed.ts";
import type { IdentityRules } from "../../src/access/rules.ts";
import type { Validator } from "../../src/core/validator.ts";
import { accountsValidator } from "../../src/validators/file/file.ts";
import { ACCOUNTS, conformance, NAMES, VISIT, type TestAccount } from "../validators/conformance.ts";

const RULES: IdentityRules = {
  domains: [
    { netbios: "EXAMPLE", dns: ["example.com"], ask: "as-sent" },
    { netbios: "PARTNER", dns: ["partner.example"], ask: "user", validator: "partner" },
  ],
  aliases: [{ name: "info", means: "alice" }],
  listeners: {},
};

function lineOf({ name, password, domain, mailbox, groups, attributes = {}, disabled }: TestAccount): string {
  const words = Object.entries({ domain, mailbox, groups: groups?.join(","), ...attributes });
  const extra = words.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(" ");
  return `${name}:{PLAIN}${password}::::::${extra}${disabled === true ? " disabled=yes" : ""}\n`;
}

function make(): Promise<Validator> {
  const own = accountsValidator({ name: "users", names: NAMES, text: ACCOUNTS.map(lineOf).join("") });
  const partner = accountsValidator({ name: "partner", names: NAMES, text: "eve:{PLAIN}secret\n" });
  const validators = new Map([own, partner].map((each) => [each.name, each]));
  const rules = rulesFor(RULES, { name: VISIT.listener, validator: "users" });
  const close = async () => void (await Promise.all([own.close?.(), partner.close?.()]));
  return Promise.resolve({ ...routedByDomain(validators, rules, own, assert.fail), close });
}

conformance("A listener with identity rules", make, { keys: true });
