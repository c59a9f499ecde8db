/** `ntlm:` of a listener and `policy:`, how strict NTLM is: for all, for some, and for a while not. */
import { z } from "zod";
import { CODE_PAGES } from "../config.ts";
import { date, duration, flag, host, name, network, text } from "../scalars.ts";

const strictness = () => z.enum(["off", "verify-if-present", "require"]);
const domains = () => z.array(z.union([z.literal(""), text()])).min(1, "at least one domain is needed");

/** What can be demanded of an NTLM logon; left out: as it is. */
const demands = {
  minimum: z
    .enum(["v2", "v1-ess", "v1", "lm"])
    .optional()
    .describe("Weakest NTLM response that is accepted. Anything below v2 can be cracked by whoever records it."),
  mic: strictness().optional().describe("Message integrity code over the three NTLM messages."),
  channelBinding: strictness().optional().describe("Ties the logon to this TLS connection (Extended Protection)."),
  targetName: strictness().optional().describe("The service that the client meant to log on to must be this one."),
  targetHosts: z.array(host()).min(1).optional().describe("Names that clients may mean besides server.name."),
  clockWindow: duration().optional().describe("How far a client's clock may be from ours."),
  allowedDomains: domains().optional().describe('Domains as clients write them; "" for clients that name none.'),
  blockedDomains: domains().optional(),
  require128: flag().optional().describe("128-bit keys (ServerRequire128bitEncryption); curl and libntlm offer none."),
  block: flag().optional().describe("No NTLM at all (ServerBlock)."),
};

export const ntlmSchema = z.strictObject({
  ...demands,
  minimum: demands.minimum.unwrap().default("v2"),
  mic: demands.mic.unwrap().default("verify-if-present"),
  channelBinding: demands.channelBinding.unwrap().default("verify-if-present"),
  reveal: z
    .strictObject({
      names: z.enum(["all", "minimal"]).default("all").describe("minimal: the two NetBIOS names only."),
      version: flag().default(true),
    })
    .prefault({})
    .describe("What the CHALLENGE tells whoever asks for one."),
  codePages: z
    .array(z.enum(CODE_PAGES))
    .min(1)
    .optional()
    .describe("In which 8-bit names are read, likeliest first. Default: utf-8, cp850, cp437, windows-1252."),
});

const scope = {
  listeners: z.array(name()).min(1).optional(),
  networks: z.array(network()).min(1).optional(),
  users: z
    .array(text())
    .min(1)
    .optional()
    .describe('Globs in any case: "scan*", "EXAMPLE\\\\scan*", "scan*@example.com".'),
};

export const policySchema = z.strictObject({
  rules: z
    .array(z.strictObject({ name: name(), ...scope, require: z.strictObject(demands) }))
    .default([])
    .describe("Demands for some that are stricter than the listener's; all that fit apply."),
  exceptions: z
    .array(
      z.strictObject({
        name: name().optional().describe("In the log. Default: its place in the list."),
        owner: text().describe("Who answers for it."),
        expires: date().describe("The last day on which it applies, in UTC."),
        reason: text(),
        ...scope,
        allow: z.strictObject(demands),
      }),
    )
    .default([])
    .describe("Demands that do not hold for some, for a while; `postern policy` lists them."),
});
