/** `backends:` and `routes:`, where the mail is, how Postern logs on there, and who goes where. */
import { z } from "zod";
import { count, flag, host, name, pemFile, secret, text } from "../scalars.ts";

const serverKeys = {
  host: host(),
  port: count(1, 65_535),
  tls: z.enum(["off", "starttls", "implicit"]).optional().describe("Must be chosen unless the host is loopback (off)."),
  ca: pemFile("Authorities to trust instead of the system's").optional(),
  verify: flag().default(true).describe("Check the server's certificate."),
  serverName: host().optional().describe("Name expected in the certificate. Default: host."),
};

export const backendServerSchema = z.strictObject(serverKeys);
export const smtpBackendServerSchema = z.strictObject({
  ...serverKeys,
  xclient: flag().default(false).describe("Tell the server the client's address with XCLIENT (Postfix)."),
});

const template = () => text().describe('Name with {user}, {domain}, {mailbox} or {attr.x}, for example "{mailbox}".');

export const logonSchema = z.discriminatedUnion("method", [
  z.strictObject({ method: z.literal("password").describe("The client's own name and password.") }),
  z.strictObject({
    method: z.literal("master").describe("A master user who may open all mailboxes (Dovecot)."),
    user: text(),
    separator: text().default("*"),
    password: secret(),
  }),
  z.strictObject({
    method: z.literal("authzid").describe("SASL PLAIN: this user, acting for the client's mailbox (RFC 4616)."),
    user: text(),
    password: secret(),
  }),
  z.strictObject({
    method: z.literal("account").describe("An account made from a template, with a password we know."),
    user: template(),
    password: secret().optional(),
    passwordAttribute: name().optional().describe("Attribute of the account that holds its password at the backend."),
  }),
]);

export const backendSchema = z.strictObject({
  pop3: backendServerSchema.optional(),
  imap: backendServerSchema.optional(),
  smtp: smtpBackendServerSchema.optional(),
  logon: logonSchema.prefault({ method: "password" }).describe("How Postern logs on there in the user's name."),
});

export const routeSchema = z.strictObject({
  when: z
    .strictObject({
      user: text().optional().describe("Glob: * any text, ? one character."),
      domain: text().optional().describe("Glob: * any text, ? one character."),
      groups: z.array(text()).min(1).optional().describe("Names or SIDs of groups, in any case; one is enough."),
      listener: z
        .union([name(), z.array(name()).min(1)], { error: "expected a listener's name or a list of them" })
        .optional(),
    })
    .prefault({}),
  backend: name(),
});
