/** `listeners:`, where clients connect and what they are offered. */
import { z } from "zod";
import { MECHANISM_NAMES } from "../config.ts";
import { endpoint, name, network, pemFile, text } from "../scalars.ts";
import { ntlmSchema } from "./policy.ts";

export const listenerSchema = z.strictObject({
  name: name().describe("Unique; in the log, in routes and in complaints."),
  protocol: z.enum(["pop3", "imap", "smtp"]),
  bind: endpoint().describe('"host:port", "[::]:993", or a port for all addresses.'),
  tls: z
    .enum(["off", "starttls", "implicit"])
    .optional()
    .describe("Default: starttls if there is a certificate, else off."),
  dialect: z
    .enum(["auto", "rfc", "exchange"])
    .default("auto")
    .describe("First answer to AUTH NTLM: by the client (auto), as the RFCs say, or as Exchange does."),
  mechanisms: z
    .array(z.enum(MECHANISM_NAMES))
    .min(1, "at least one mechanism is needed")
    .optional()
    .describe(
      "Offered in this order. Default: NTLM, PLAIN and LOGIN, or OAUTHBEARER and XOAUTH2 where an oauth validator judges; EXTERNAL where clients may show certificates.",
    ),
  clientCertificates: z
    .strictObject({ ca: pemFile("Authorities whose certificates are believed") })
    .optional()
    .describe("Ask clients for a certificate under TLS, for EXTERNAL."),
  plaintext: z
    .enum(["tls-only", "allowed"])
    .default("tls-only")
    .describe("Whether passwords may be sent without TLS (PLAIN, LOGIN, USER/PASS)."),
  reveal: z
    .enum(["none", "state"])
    .default("none")
    .describe("state: a client with the right password hears why its account may not log on (disabled, expired ...)."),
  ntlm: ntlmSchema.prefault({}),
  proxyProtocol: z
    .strictObject({ from: z.array(network()).min(1, "at least one network is needed") })
    .optional()
    .describe("Require a PROXY header (version 1 or 2) from these networks, and refuse it from all others."),
  validator: name().optional().describe("Who judges logons here. Default: the only validator."),
  greeting: text().optional().describe("Words after the protocol's own greeting."),
});
