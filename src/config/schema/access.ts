/** `access:`, who may use which listener and protocol, by name, group or SID. */
import { z } from "zod";
import { isSid } from "../../core/access-token.ts";
import { name, network, text } from "../scalars.ts";

const sid = () => text().refine(isSid, "expected a SID such as S-1-5-21-1004336348-1177238915-682003330-513");

const people = z.strictObject({
  users: z
    .array(text())
    .min(1)
    .optional()
    .describe('Globs in any case: "scan*", "EXAMPLE\\\\scan*", "*@example.com"; without a domain: in any domain.'),
  groups: z.array(text()).min(1).optional().describe("Names or SIDs of groups, in any case."),
  sids: z.array(sid()).min(1).optional().describe("SIDs of users or groups."),
});

export const accessRuleSchema = z.strictObject({
  name: name().describe("In the log."),
  listeners: z.array(name()).min(1).optional().describe("Default: all."),
  protocols: z
    .array(z.enum(["pop3", "imap", "smtp"]))
    .min(1)
    .optional()
    .describe("Default: all."),
  networks: z.array(network()).min(1).optional().describe("Where clients come from. Default: anywhere."),
  allow: people
    .optional()
    .describe("Where any rule that applies has this, only those allowed by one of them may go on."),
  deny: people.optional().describe("Never, whoever allows it."),
});

export const accessSchema = z.array(accessRuleSchema);

/** Finished as it is parsed. */
export type AccessConfig = z.output<typeof accessSchema>;
