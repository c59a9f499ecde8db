/** What an operator says about a domain: our machine account in it, where its controllers are, and whose users count. */
import type { Log } from "../file/log.ts";

export interface NetlogonOptions {
  readonly name: string;
  readonly log: Log;
  /** NetBIOS name of the domain: "EXAMPLE". */
  readonly domain: string;
  /** "example.com". */
  readonly dnsDomain: string;
  /** NetBIOS name of our machine account, without the dollar sign. */
  readonly computer: string;
  /** The file with the machine password, an absolute path; `postern netlogon join` writes it. */
  readonly state: string;
  /** In the order of preference; undefined: found by DNS. */
  readonly controllers?: readonly ControllerAddress[] | undefined;
  /** Name servers to ask instead of the system's, as addresses with or without port. */
  readonly nameServers?: readonly string[] | undefined;
  /** Connections to each controller, which are as many calls at once. Default 2. */
  readonly connections?: number | undefined;
  /** How many logons may wait for a connection. Default 500. */
  readonly queue?: number | undefined;
  /** Longest that a logon may take in all, in milliseconds. Default 10 s. */
  readonly timeout?: number | undefined;
  /** Longest that a controller may take to let us in, in milliseconds. Default 3 s. */
  readonly connectTimeout?: number | undefined;
  /** Trusted domains whose users may log on besides our own's: NetBIOS or DNS names. Default: none. */
  readonly domains?: readonly string[] | undefined;
  readonly mailbox?: MailboxForm | undefined;
  /** Whether responses weaker than NTLMv2 are passed on. Default: no. */
  readonly allowNtlmV1?: boolean | undefined;
  readonly ntlmBlocked?: NtlmBlocked | undefined;
  /** Milliseconds after which the machine password is changed; undefined: never. */
  readonly rotate?: number | undefined;
}

export interface ControllerAddress {
  readonly host: string;
  /** Of the Netlogon interface; undefined: the controller's endpoint mapper is asked. */
  readonly port: number | undefined;
}

/** `alice`, the user principal name that the domain has for her, or `alice@example.com`. */
export type MailboxForm = "user" | "upn" | "address";

/** Where NTLM is answered with NTLM_BLOCKED before anybody is asked (MS-APDS 3.1.5). */
export interface NtlmBlocked {
  /** The accounts' domains, NetBIOS or DNS names. */
  readonly domains?: readonly string[] | undefined;
  /** Our servers: names of listeners. */
  readonly listeners?: readonly string[] | undefined;
}
