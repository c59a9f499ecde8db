/**
 * What this room is for, in types: a domain controller, our account there, the session that both agree on and a user's
 * logon (MS-NRPC 3.1, 3.5.4.5.1; MS-APDS 3.1.5). `session.ts` and `machine-password.ts` have the functions.
 */
import type { NetlogonError } from "./error.ts";
import type { SamInfo } from "./sam-info.ts";

export interface DomainController {
  /** Name or address. */
  readonly host: string;
  /** Of the Netlogon interface; undefined: the endpoint mapper says it. */
  readonly port: number | undefined;
  /** Of the endpoint mapper; 135 unless said otherwise. */
  readonly mapperPort?: number;
}

/** Our account in the domain. */
export interface MachineAccount {
  /** NetBIOS name of the domain: "EXAMPLE". */
  readonly domain: string;
  /** NetBIOS name of the computer, without a dollar sign. */
  readonly computer: string;
  /** sAMAccountName; the computer's name with a dollar sign unless said otherwise. */
  readonly account?: string;
  /** MD4 of the machine password in UTF-16LE, 16 bytes. */
  readonly ntHash: Uint8Array;
}

export interface Patience {
  /** Milliseconds for the whole, however many steps it takes. */
  readonly timeout: number;
}

/**
 * A session key that a domain controller and we have agreed on. The domain controller keeps one per computer name: the
 * next handshake of the same account makes this one useless for new connections, while those that are open go on.
 */
export interface NetlogonSession {
  readonly host: string;
  /** Where the Netlogon interface was found. */
  readonly port: number;
  /** RID of our machine account. */
  readonly accountRid: number;
  /** Another sealed connection; as many as wanted, side by side. Throws NetlogonError. */
  open(patience: Patience): Promise<NetlogonConnection>;
}

/** One sealed connection: one call at a time. */
export interface NetlogonConnection {
  readonly isOpen: boolean;
  /** Settles when the connection is over, with the reason; never rejects. */
  readonly closed: Promise<NetlogonError>;
  /**
   * Asks about one user. Throws NetlogonError; the connection is closed then, except after an RPC fault that concerns one
   * call only (see isOpen). Throws RangeError for what no client can have sent, and Error while another call runs.
   */
  logon(request: NetworkLogon, patience: Patience): Promise<NetworkLogonReply>;
  close(): void;
}

/** NETLOGON_NETWORK_INFO, MS-NRPC 2.2.1.4.5. The names are hashed into the responses: exactly as the client sent them. */
export interface NetworkLogon {
  readonly domain: string;
  readonly user: string;
  readonly workstation: string;
  /** ServerChallenge of the CHALLENGE_MESSAGE, 8 bytes. */
  readonly serverChallenge: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly lmResponse: Uint8Array;
  /** NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY was agreed: a 24-byte response is then NTLM2 session. */
  readonly extendedSessionSecurity: boolean;
  /** ParameterControl; 0 unless said otherwise, which keeps accounts of machines out. */
  readonly parameterControl?: number;
  /** LogonLevel: 2 network, 6 transitive network; 6 unless said otherwise. */
  readonly level?: 2 | 6;
}

export interface NetworkLogonReply {
  /** NTSTATUS; 0 is success. */
  readonly status: number;
  /** False: this domain does not know the name, another source may be asked. */
  readonly authoritative: boolean;
  /** On success, and only then. */
  readonly info: SamInfo | undefined;
}
