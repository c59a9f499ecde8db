/** What an operator says about Samba on this host: which program is asked, by how many helpers, and whose users count. */
import type { TargetNames } from "../../core/validator.ts";
import type { Log } from "../file/log.ts";

export interface WinbindOptions {
  readonly name: string;
  readonly log: Log;
  /** Samba's ntlm_auth, an absolute path. */
  readonly command: string;
  /** Put before `--helper-protocol=...`, such as `--configfile=/etc/samba/other.conf`. */
  readonly arguments?: readonly string[] | undefined;
  /** Samba's wbinfo, an absolute path; asked for names with "@" and for groups. */
  readonly lookup: string;
  readonly lookupArguments?: readonly string[] | undefined;
  /** Whether users' groups and SIDs are asked for. Default: no. */
  readonly groups?: boolean | undefined;
  /** How long what wbinfo said of a user is believed, in milliseconds. Default 5 minutes. */
  readonly lookupAge?: number | undefined;
  /** Helper processes. Default 2: winbindd asks a domain's controller one thing at a time, more only wait there. */
  readonly helpers?: number | undefined;
  /** Longest that a helper may take for one answer, in milliseconds. Default 10 s: Samba tries another controller in that time. */
  readonly timeout?: number | undefined;
  /** How many logons may wait for a helper. Default 200. */
  readonly queue?: number | undefined;
  /** Longest that a logon waits for a helper, in milliseconds. Default 5 s. */
  readonly queueTimeout?: number | undefined;
  /** Names of the host's machine account in the domain; undefined: ntlm_auth is asked. */
  readonly machine?: MachineOptions | undefined;
  /** What a CHALLENGE carries as long as the machine's own names are not known. */
  readonly names: TargetNames;
  /** Trusted domains whose users may log on besides the host's own, as users write them. Default: none. */
  readonly domains?: readonly string[] | undefined;
  /** Whether NTLMv1 and NTLM2 session responses are passed on. Default: no. */
  readonly allowNtlmV1?: boolean | undefined;
}

export interface MachineOptions {
  /** NetBIOS names. */
  readonly domain: string;
  readonly computer: string;
  /** What follows the "@" where users write `alice@example.com`. */
  readonly dnsDomain?: string | undefined;
}
