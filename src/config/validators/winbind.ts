/** Validator `winbind` in config.yaml: Samba's winbindd on this host, which has joined a domain. */
import { z } from "zod";
import type { Surroundings } from "../certificates.ts";
import { count, duration, flag, host, netbiosName, text } from "../scalars.ts";

const NTLM_AUTH = "/usr/bin/ntlm_auth";
const WBINFO = "/usr/bin/wbinfo";

const program = (path: string, what: string) =>
  z
    .strictObject({
      command: text()
        .refine((given) => given.startsWith("/"), "expected an absolute path")
        .default(path),
      arguments: z.array(text()).default([]),
    })
    .prefault({})
    .describe(what);

export const winbindSchema = z.strictObject({
  type: z.literal("winbind").describe("Samba's winbindd on this host, which has joined a domain."),
  ntlmAuth: program(NTLM_AUTH, "Samba's ntlm_auth, and arguments to put before its own."),
  wbinfo: program(WBINFO, "Samba's wbinfo, and arguments to put before its own."),
  helpers: count(1, 32).default(2).describe("Processes of ntlm_auth: more only wait in winbindd."),
  timeout: duration().default(10_000).describe("The longest that one answer may take."),
  queue: count(1, 100_000).default(200).describe("How many logons may wait for a helper."),
  queueTimeout: duration().default(5000).describe("The longest that a logon waits for a helper."),
  machine: z
    .strictObject({
      domain: netbiosName().describe("The domain's NetBIOS name."),
      computer: netbiosName().describe("This host's NetBIOS name in the domain."),
      dnsDomain: host().optional().describe("The domain's DNS name."),
    })
    .optional()
    .describe("The names of this host's machine account. Default: ntlm_auth is asked."),
  domains: z.array(text()).default([]).describe("Trusted domains whose users may log on as well."),
  groups: flag().default(false).describe("Whether wbinfo is asked for each user's groups and SIDs."),
  lookupAge: duration(0).default(300_000).describe("How long it is believed what wbinfo said about a user."),
  allowNtlmV1: flag()
    .default(false)
    .describe("Pass on NTLMv1 and NTLM2 session responses, if the listener takes them."),
});

export interface WinbindValidatorConfig extends Omit<z.output<typeof winbindSchema>, "ntlmAuth" | "wbinfo"> {
  readonly name: string;
  /** Absolute. */
  readonly command: string;
  readonly arguments: readonly string[];
  /** wbinfo, absolute. */
  readonly lookup: string;
  readonly lookupArguments: readonly string[];
}

export function completeWinbind(
  name: string,
  { ntlmAuth, wbinfo, ...parsed }: z.output<typeof winbindSchema>,
  _surroundings: Surroundings,
): WinbindValidatorConfig {
  const programs = { command: ntlmAuth.command, arguments: ntlmAuth.arguments };
  return { name, ...parsed, ...programs, lookup: wbinfo.command, lookupArguments: wbinfo.arguments };
}
