/**
 * What config.yaml may say, key by key: zod schemas with the defaults that need nothing else, and the words that
 * editors show. Defaults that follow from other keys are in complete.ts; the finished shape is in config.ts.
 */
import { z } from "zod";
import { name } from "./scalars.ts";
import { accessSchema } from "./schema/access.ts";
import { guardSchema } from "./schema/guard.ts";
import { identitySchema } from "./schema/identity.ts";
import { backendSchema, routeSchema } from "./schema/backends.ts";
import { listenerSchema } from "./schema/listener.ts";
import { policySchema } from "./schema/policy.ts";
import { certificateSchema, limitsSchema, loggingSchema, radarSchema, serverSchema } from "./schema/server.ts";
import { validatorSchema } from "./validators.ts";

export const configSchema = z.strictObject({
  server: serverSchema.prefault({}).describe("Who we say we are."),
  tls: z.array(certificateSchema).default([]).describe("Certificates."),
  tlsPolicy: z
    .enum(["modern", "intermediate", "legacy"])
    .default("intermediate")
    .describe("modern: TLS 1.3; intermediate: TLS 1.2 and newer; legacy: TLS 1.0 and newer, for old Outlook."),
  listeners: z.array(listenerSchema).min(1, "at least one listener is needed").describe("Where clients connect."),
  validators: z.record(name(), validatorSchema).describe("Who judges logons."),
  backends: z.record(name(), backendSchema).describe("Where the mail is."),
  routes: z.array(routeSchema).default([]).describe("Who goes where; the first match wins. Default: the only backend."),
  policy: policySchema.prefault({}).describe("NTLM rules and exceptions for some networks and users."),
  identity: identitySchema.prefault({}).describe("Who is meant by a name, who judges it, and which mailbox opens."),
  access: accessSchema.default([]).describe("Who may use which listener, by name, group or SID. Default: everybody."),
  guard: guardSchema.prefault({}).describe("What failed logons cost: waiting, and being locked."),
  radar: radarSchema.optional().describe("Keeps count of who uses NTLM and how, for `postern radar`."),
  limits: limitsSchema.prefault({}),
  logging: loggingSchema.prefault({}),
});

/** What zod makes of a document: right in every key, not yet completed. */
export type ParsedConfig = z.output<typeof configSchema>;
