/** Where the domain's controllers are: the SRV records that each of them registers (MS-ADTS 6.3.2.3). */
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { ControllerAddress } from "./options.ts";
import { querySrv, type SrvRecord } from "./srv-query.ts";

/** A domain with more has sites, and the nearest are the first; more would only prolong an outage. */
const CONTROLLER_LIMIT = 16;
/** For one answer, in milliseconds; tried twice. */
const ANSWER_TIME = 2000;

export interface Found extends ControllerAddress {
  /** As the domain calls it. */
  readonly name: string;
}

/** The best ones first. Throws Error with a sentence for the administrator. */
export async function findControllers(dnsDomain: string, nameServers: readonly string[] | undefined): Promise<Found[]> {
  const resolver = new Resolver({ timeout: ANSWER_TIME, tries: 2 });
  if (nameServers) resolver.setServers(nameServers);
  const record = serviceRecord(dnsDomain);
  const records = await resolveSrv(resolver, record).catch((error: unknown) => {
    throw new Error(`no domain controllers are found by DNS: ${record}: ${codeOf(error)}`, { cause: error });
  });
  const names = inOrder(records).slice(0, CONTROLLER_LIMIT);
  const found = await Promise.all(names.map((name) => addressOf(name, resolver, nameServers !== undefined)));
  return found.filter((each) => each !== undefined);
}

/** Node does not read every answer that it should. */
async function resolveSrv(resolver: Resolver, record: string): Promise<readonly SrvRecord[]> {
  try {
    return await resolver.resolveSrv(record);
  } catch (error) {
    if (codeOf(error) !== "EBADRESP") throw error;
    return querySrv(record, resolver.getServers(), ANSWER_TIME);
  }
}

export function serviceRecord(dnsDomain: string): string {
  return `_ldap._tcp.dc._msdcs.${dnsDomain}`;
}

/** By priority, and by weight within one: a random order among equals spreads gateways over controllers (RFC 2782). */
export function inOrder(
  records: readonly { readonly name: string; readonly priority: number; readonly weight: number }[],
  random: () => number = Math.random,
): string[] {
  // Sorting by these keys draws without replacement in proportion to the weights (Efraimidis, Spirakis 2006).
  const keyed = records.map((each) => ({ ...each, key: -Math.log(1 - random()) / Math.max(each.weight, 0.01) }));
  return keyed.sort((a, b) => a.priority - b.priority || a.key - b.key).map(({ name }) => name);
}

/** A name server of the domain's own knows names that the system's does not. The record's port is LDAP's. */
async function addressOf(name: string, resolver: Resolver, isOwn: boolean): Promise<Found | undefined> {
  if (!isOwn || isIP(name) !== 0) return { name, host: name, port: undefined };
  const [host] = await resolver.resolve4(name).catch(() => resolver.resolve6(name).catch(() => []));
  return host === undefined ? undefined : { name, host, port: undefined };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
