/** `identity:`, who is meant by the names that clients send, who judges them, and which mailbox opens. */
import { z } from "zod";
import { host, name, netbiosName, text } from "../scalars.ts";

/** What braces may hold; a name without braces would be one mailbox for everybody. */
const TEMPLATE = /^[^{}]*(?:\{(?:user|domain|dnsDomain|mailbox|attr\.[^{}]+)\}[^{}]*)+$/;

const mailbox = () =>
  text()
    .refine((template) => TEMPLATE.test(template), "expected {user}, {domain}, {dnsDomain}, {mailbox} or {attr.x}")
    .optional()
    .describe('The mailbox that opens, for example "{user}@{dnsDomain}". Default: what the validator says.');

const listeners = () => z.array(name()).min(1).optional().describe("Where it holds. Default: everywhere.");

const defaults = {
  defaultDomain: text().optional().describe("A name of one of the domains, for clients that name none."),
  mailbox: mailbox(),
  unknownDomains: z
    .enum(["ask", "refuse"])
    .optional()
    .describe("Domains that are not listed: ask the listener's own validator (the default), or refuse."),
};

export const domainSchema = z.strictObject({
  netbios: netbiosName().optional().describe("EXAMPLE, as in EXAMPLE\\alice."),
  dns: z
    .array(host())
    .default([])
    .describe("Its DNS names, as in alice@example.com; mailboxes are named by the first."),
  validator: name().optional().describe("Who judges its users. Default: the listener's own validator."),
  ask: z
    .enum(["as-sent", "user", "user@dns", "NETBIOS\\user"])
    .default("as-sent")
    .describe("The form in which the validator is told the name. NTLM's names are never changed."),
  mailbox: mailbox(),
  listeners: listeners(),
});

export const identitySchema = z.strictObject({
  domains: z.array(domainSchema).default([]).describe("Domains with all their names."),
  aliases: z
    .array(
      z.strictObject({
        name: text().describe("What clients send."),
        means: text().describe("The account, as a client could have sent it."),
        listeners: listeners(),
      }),
    )
    .default([])
    .describe("Names that are no account's own. NTLM: they only choose the validator."),
  ...defaults,
  listeners: z.record(name(), z.strictObject(defaults)).default({}).describe("What single listeners do otherwise."),
});

/** Finished as it is parsed: nothing in it follows from other keys. */
export type IdentityConfig = z.output<typeof identitySchema>;
