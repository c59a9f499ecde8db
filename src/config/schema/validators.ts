/** `validators:`, who judges logons: one shape for each kind. */
import { z } from "zod";
import { TOKEN_ALGORITHMS } from "../../core/token-algorithms.ts";
import { count, duration, host, pemFile, secret, text, url } from "../scalars.ts";

const fileValidatorSchema = z.strictObject({
  type: z.literal("file").describe("Accounts in a text file, see `postern user`."),
  path: text().describe("The file, relative to this file's folder. It is read again when it changes."),
  worker: z
    .strictObject({ concurrency: count(1, 16).default(1), queue: count(1, 100_000).default(256) })
    .prefault({})
    .describe("Threads that check slow password hashes, and how many checks may wait for them."),
});

const words = () =>
  z
    .union([text(), z.array(text()).min(1, "at least one is needed")], { error: "expected a word or a list of words" })
    .transform((given) => (typeof given === "string" ? given.split(/ +/) : given));

const cache = () => duration(0).default(30_000).describe("How long a positive answer is believed; 0s: not at all.");

const oauthValidatorSchema = z.strictObject({
  type: z.literal("oauth").describe("Bearer tokens (OAUTHBEARER, XOAUTH2): signed ones, or by asking who issued them."),
  issuer: url().optional().describe("The `iss` of every token, exactly. Needed for signed tokens (JWT)."),
  audience: words().optional().describe("One of these is in the token's `aud`."),
  scope: words().describe("A token must have all of these."),
  jwks: url().optional().describe("Where the issuer's keys are. Default: by OpenID discovery."),
  algorithms: z
    .array(z.enum(TOKEN_ALGORITHMS))
    .min(1)
    .optional()
    .describe("Signatures that count. Default: all of these."),
  introspection: z
    .strictObject({ endpoint: url(), clientId: text(), clientSecret: secret(), cache: cache() })
    .optional()
    .describe("Ask about each token instead (RFC 7662)."),
  tokeninfo: z
    .strictObject({ endpoint: url(), cache: cache() })
    .optional()
    .describe("Ask as Google wants to be asked."),
  claims: z
    .strictObject({
      username: text().optional().describe("Default: preferred_username; username where we ask; email for tokeninfo."),
      mailbox: text().optional().describe("Default: the user's name, with its domain."),
      groups: text().optional(),
    })
    .prefault({})
    .describe("What in a token says who it is; a.b leads into objects."),
  domains: z.array(host()).min(1).optional().describe("Domains that users may have."),
  clockTolerance: duration(0).default(60_000),
  ca: pemFile("Authorities to trust instead of the system's").optional(),
  timeout: duration().default(5000),
  concurrency: count(1, 1000).default(16).describe("Tokens judged at once."),
});

export const validatorSchema = z.discriminatedUnion("type", [fileValidatorSchema, oauthValidatorSchema]);
