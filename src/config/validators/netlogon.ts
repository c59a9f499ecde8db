/** Validator `netlogon` in config.yaml: a Windows domain, asked over Netlogon with a machine account of ours. */
import { isIP } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import type { Surroundings } from "../certificates.ts";
import { count, duration, flag, host, name, netbiosName, parseEndpoint, text } from "../scalars.ts";

const DAY = 86_400_000;

const CONTROLLER = "a domain controller: its name or address, and a port only where Netlogon has a fixed one";

/** The port of Netlogon is dynamic; where none is given, the controller tells it. */
const controller = () =>
  text().transform((input, context) => {
    const alone = host().safeParse(input);
    if (alone.success) return { host: alone.data, port: undefined };
    const endpoint = parseEndpoint(input);
    if (endpoint?.host !== undefined && endpoint.port > 0) return { host: endpoint.host, port: endpoint.port };
    context.addIssue({ code: "custom", message: `expected ${CONTROLLER}` });
    return z.NEVER;
  });

const NAME_SERVER = 'the address of a name server, such as 192.0.2.53 or "192.0.2.53:5353"';

const nameServer = () =>
  text().refine(
    (input) => isIP(input) !== 0 || isIP(parseEndpoint(input)?.host ?? "") !== 0,
    `expected ${NAME_SERVER}`,
  );

const names = () => z.array(text()).default([]);

export const netlogonSchema = z.strictObject({
  type: z.literal("netlogon").describe("A Windows domain: its controllers judge, over Netlogon."),
  domain: netbiosName().describe("NetBIOS name of the domain."),
  dnsDomain: host().describe("DNS name of the domain."),
  computer: netbiosName().describe("Our machine account in the domain, without the dollar sign. One for each Postern."),
  state: text().describe("The file with the machine password, which `postern netlogon join` writes."),
  controllers: z
    .array(controller())
    .min(1)
    .max(16)
    .optional()
    .describe("Domain controllers, in the order of preference. Default: found by DNS."),
  nameServers: z.array(nameServer()).min(1).max(8).optional().describe("Whom to ask for them. Default: the system's."),
  connections: count(1, 8).default(2).describe("Connections to a controller, which are as many logons at once."),
  queue: count(1, 100_000).default(500).describe("How many logons may wait for a connection."),
  timeout: duration().default(10_000).describe("The longest that a logon may take, waiting included."),
  connectTimeout: duration().default(3000).describe("The longest that a controller may take to let us in."),
  domains: names().describe("Trusted domains whose users may log on as well: NetBIOS or DNS names."),
  mailbox: z
    .enum(["user", "upn", "address"])
    .default("user")
    .describe("The mailbox to open: `alice`, her user principal name, or `alice@` and the DNS name of her domain."),
  allowNtlmV1: flag().default(false).describe("Pass on responses weaker than NTLMv2, if the listener takes them."),
  ntlmBlocked: z
    .strictObject({
      domains: names().describe("For the accounts of these domains."),
      listeners: z.array(name()).default([]).describe("For everybody on these listeners."),
    })
    .prefault({})
    .describe("Where NTLM is refused before the domain is asked; passwords are not."),
  rotate: z
    .union([z.literal("off"), count(1, 3650)], { error: "expected a number of days, or off" })
    .default("off")
    .describe("Days after which the machine password is changed; `off`: never."),
});

export interface NetlogonValidatorConfig extends Omit<z.output<typeof netlogonSchema>, "rotate"> {
  readonly name: string;
  /** Milliseconds. */
  readonly rotate: number | undefined;
}

export function completeNetlogon(
  name: string,
  parsed: z.output<typeof netlogonSchema>,
  { folder }: Surroundings,
): NetlogonValidatorConfig {
  const rotate = parsed.rotate === "off" ? undefined : parsed.rotate * DAY;
  return { name, ...parsed, state: resolve(folder, parsed.state), rotate };
}
