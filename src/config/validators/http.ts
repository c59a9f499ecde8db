/** Validator `http` in config.yaml: a web service of the operator's own, who it is asked as, and who looks at the proof. */
import { z } from "zod";
import type { Secret } from "../../core/secret.ts";
import { readAuthorities, type Surroundings } from "../certificates.ts";
import { count, duration, pemFile, secret, text, url } from "../scalars.ts";

const VERIFY = ["PLAIN", "NTLM", "OAUTHBEARER", "EXTERNAL"] as const;
const LOOKUP = ["PLAIN", "NTLM", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"] as const;
const MECHANISMS = [...new Set([...VERIFY, ...LOOKUP])] as const;

/** What may stand between quotes in Signature-Input (RFC 8941 section 3.3.3). */
const keyId = () => text().refine((id) => /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(id), "expected plain ASCII");

export const httpSchema = z.strictObject({
  type: z.literal("http").describe("A web service of your own: JSON in, JSON out."),
  url: url().describe("Where each question is posted."),
  mode: z
    .enum(["verify", "lookup"])
    .default("verify")
    .describe("verify: the service judges the password or response; lookup: it says what it keeps of the account."),
  mechanisms: z
    .array(z.enum(MECHANISMS))
    .min(1, "at least one is needed")
    .default(["PLAIN"])
    .describe("What the service can judge, or all its accounts can use. PLAIN stands for LOGIN and USER too."),
  authentication: z
    .union([
      z.strictObject({ bearer: secret().describe("A token that is sent with each request.") }),
      z.strictObject({ basic: z.strictObject({ user: text(), password: secret() }) }),
      z.strictObject({ hmac: z.strictObject({ key: secret(), keyId: keyId().default("postern") }) }),
    ])
    .optional()
    .describe("How the service knows that it is us: bearer, basic, or hmac (RFC 9421)."),
  ca: pemFile("Authorities to trust instead of the system's").optional(),
  timeout: duration().default(5000).describe("The longest that a client waits for the service."),
  concurrency: count(1, 1000).default(16).describe("Questions asked at once."),
  worker: z
    .strictObject({ concurrency: count(1, 16).default(1), queue: count(1, 100_000).default(256) })
    .prefault({})
    .describe("lookup: threads that check slow password hashes, and how many checks may wait for them."),
});

type Parsed = z.output<typeof httpSchema>;

export interface HttpValidatorConfig {
  readonly name: string;
  readonly type: "http";
  readonly url: string;
  /** Who looks at the proof, and of what kinds. */
  readonly work:
    | { readonly mode: "verify"; readonly mechanisms: readonly (typeof VERIFY)[number][] }
    | { readonly mode: "lookup"; readonly mechanisms: readonly (typeof LOOKUP)[number][] };
  readonly authentication:
    | { readonly kind: "bearer"; readonly token: Secret }
    | { readonly kind: "basic"; readonly user: string; readonly password: Secret }
    | { readonly kind: "hmac"; readonly keyId: string; readonly key: Secret }
    | undefined;
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca: string | undefined;
  readonly timeout: number;
  readonly concurrency: number;
  readonly worker: { readonly concurrency: number; readonly queue: number };
}

export function completeHttp(name: string, parsed: Parsed, surroundings: Surroundings): HttpValidatorConfig {
  const { type, url: address, mode, mechanisms, timeout, concurrency, worker } = parsed;
  const path = ["validators", name];
  const fitting: readonly string[] = mode === "verify" ? VERIFY : LOOKUP;
  for (const [index, mechanism] of mechanisms.entries()) {
    if (fitting.includes(mechanism)) continue;
    const message = `${mechanism} cannot be judged by a service with "mode: ${mode}"`;
    surroundings.complain({
      path: [...path, "mechanisms", index],
      message,
      remedy: `there are: ${fitting.join(", ")}`,
    });
  }
  const work =
    mode === "verify"
      ? { mode, mechanisms: VERIFY.filter((each) => mechanisms.includes(each)) }
      : { mode, mechanisms: LOOKUP.filter((each) => mechanisms.includes(each)) };
  const ca = parsed.ca === undefined ? undefined : readAuthorities(parsed.ca, [...path, "ca"], surroundings);
  const authentication = authenticationOf(parsed.authentication);
  return { name, type, url: address, work, authentication, ca, timeout, concurrency, worker };
}

function authenticationOf(given: Parsed["authentication"]): HttpValidatorConfig["authentication"] {
  if (given === undefined) return undefined;
  if ("bearer" in given) return { kind: "bearer", token: given.bearer };
  return "basic" in given ? { kind: "basic", ...given.basic } : { kind: "hmac", ...given.hmac };
}
