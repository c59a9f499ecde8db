/** The configuration as the rest of Postern sees it: every default filled in, times in milliseconds, sizes in bytes. */
import type { LogonMethod, Route } from "../core/backend.ts";
import type { NtlmMinimum } from "../core/evidence.ts";
import type { Secret } from "../core/secret.ts";
import type { TargetNames } from "../core/validator.ts";
import type { ProtocolName } from "../core/visit.ts";
import type { AccessConfig } from "./schema/access.ts";
import type { GuardConfig } from "./schema/guard.ts";
import type { IdentityConfig } from "./schema/identity.ts";
import type { ValidatorConfig } from "./validators.ts";

export interface Config {
  readonly server: ServerConfig;
  /** The first is used when no name fits the client's SNI; empty when Postern has no certificate. */
  readonly tls: readonly CertificateConfig[];
  readonly tlsPolicy: TlsPolicy;
  readonly listeners: readonly ListenerConfig[];
  readonly validators: readonly ValidatorConfig[];
  readonly backends: readonly BackendConfig[];
  /** The first match wins; nobody matching none of them is let in. */
  readonly routes: readonly Route[];
  readonly policy: PolicyConfig;
  readonly identity: IdentityConfig;
  readonly access: AccessConfig;
  readonly guard: GuardConfig;
  readonly radar: RadarConfig | undefined;
  readonly limits: LimitsConfig;
  readonly logging: LoggingConfig;
}

export interface ServerConfig {
  /** Fully qualified: in greetings, EHLO and the CHALLENGE_MESSAGE. */
  readonly name: string;
  readonly target: TargetNames;
}

/** `modern`: TLS 1.3 only; `intermediate`: TLS 1.2 and newer; `legacy`: TLS 1.0 and newer, for old Outlook. */
export type TlsPolicy = "modern" | "intermediate" | "legacy";

export interface CertificateConfig {
  /** Names in SNI that choose this certificate, perhaps with `*.`; those in the certificate unless configured. */
  readonly names: readonly string[];
  /** The chain, PEM text. */
  readonly cert: string;
  /** The private key, PEM text. */
  readonly key: Secret;
  /** Where they were read from, absolute; undefined where the PEM text stood in the configuration. */
  readonly certPath: string | undefined;
  readonly keyPath: string | undefined;
}

export type TlsMode = "off" | "starttls" | "implicit";
export type Dialect = "auto" | "rfc" | "exchange";
export const MECHANISM_NAMES = [
  "NTLM",
  "PLAIN",
  "LOGIN",
  "SCRAM-SHA-256",
  "SCRAM-SHA-256-PLUS",
  "SCRAM-SHA-1",
  "SCRAM-SHA-1-PLUS",
  "OAUTHBEARER",
  "XOAUTH2",
  "EXTERNAL",
  "CRAM-MD5",
  "GSS-SPNEGO",
] as const;

export type MechanismName = (typeof MECHANISM_NAMES)[number];
export type Strictness = "off" | "verify-if-present" | "require";

export interface Endpoint {
  /** An address or name without brackets; undefined: all addresses, IPv6 and IPv4. */
  readonly host: string | undefined;
  readonly port: number;
}

export interface ListenerConfig {
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly bind: Endpoint;
  readonly tls: TlsMode;
  readonly dialect: Dialect;
  /** In the order in which they are offered. */
  readonly mechanisms: readonly MechanismName[];
  /** PEM text of the authorities whose certificates clients may show; undefined: none is asked for. */
  readonly clientCa: string | undefined;
  /** Where mechanisms that show the password (PLAIN, LOGIN, USER/PASS) may be used. */
  readonly plaintext: "tls-only" | "allowed";
  readonly ntlm: NtlmConfig;
  readonly challenge: ChallengeConfig;
  /** What a refused client hears of its account: nothing, or its state. */
  readonly reveal: "none" | "state";
  /** Networks in CIDR form from which a PROXY header is required; undefined: none is read. */
  readonly proxyProtocol: { readonly from: readonly string[] } | undefined;
  readonly validator: string;
  /** The words after the protocol's own greeting code and name. */
  readonly greeting: string | undefined;
}

/** What can be demanded of an NTLM logon; left out: nothing, or as it was. */
export interface NtlmDemands {
  readonly minimum?: NtlmMinimum | undefined;
  readonly mic?: Strictness | undefined;
  readonly channelBinding?: Strictness | undefined;
  readonly targetName?: Strictness | undefined;
  readonly targetHosts?: readonly string[] | undefined;
  readonly clockWindow?: number | undefined;
  readonly allowedDomains?: readonly string[] | undefined;
  readonly blockedDomains?: readonly string[] | undefined;
  readonly require128?: boolean | undefined;
  readonly block?: boolean | undefined;
}

export interface NtlmConfig extends NtlmDemands {
  readonly minimum: NtlmMinimum;
  readonly mic: Strictness;
  readonly channelBinding: Strictness;
}

/** How NTLM is spoken, whatever is demanded. */
export interface ChallengeConfig {
  readonly reveal: RevealConfig;
  /** In which 8-bit names are read, likeliest first; undefined: the usual ones. */
  readonly codePages: readonly CodePage[] | undefined;
}

/** 8-bit character sets that clients without Unicode write names in. */
export const CODE_PAGES = [
  "utf-8",
  "cp437",
  "cp850",
  "cp852",
  "cp866",
  "cp874",
  "cp932",
  "cp936",
  "cp949",
  "cp950",
  "windows-1252",
] as const;
export type CodePage = (typeof CODE_PAGES)[number];

/** What an NTLM CHALLENGE tells whoever asks for one. */
export interface RevealConfig {
  readonly names: "all" | "minimal";
  readonly version: boolean;
}

interface Scope {
  readonly listeners?: readonly string[] | undefined;
  readonly networks?: readonly string[] | undefined;
  /** Globs. */
  readonly users?: readonly string[] | undefined;
}

export interface PolicyConfig {
  readonly rules: readonly (Scope & { readonly name: string; readonly require: NtlmDemands })[];
  readonly exceptions: readonly (Scope & {
    readonly name?: string | undefined;
    readonly owner: string;
    /** The last day, "2026-12-31". */
    readonly expires: string;
    readonly reason: string;
    readonly allow: NtlmDemands;
  })[];
}

export interface RadarConfig {
  /** Absolute. */
  readonly state: string;
  readonly limit: number;
  readonly interval: number;
}

export interface BackendConfig {
  readonly name: string;
  readonly pop3: BackendServer | undefined;
  readonly imap: BackendServer | undefined;
  readonly smtp: BackendServer | undefined;
  readonly logon: LogonMethod;
}

export interface BackendServer {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca: string | undefined;
  readonly verify: boolean;
  /** The name expected in the certificate and sent in SNI. */
  readonly serverName: string;
  /** SMTP only. */
  readonly xclient: boolean;
}

export interface LimitsConfig {
  readonly connections: { readonly total: number; readonly perAddress: number; readonly waiting: number };
  /** Bytes of one command line. */
  readonly line: number;
  /** From connecting to being logged on. */
  readonly logonTime: number;
  readonly attempts: number;
  /** Before the first "no"; doubles with each, up to 15 seconds. */
  readonly failureDelay: number;
  readonly badCommands: number;
  readonly idle: Readonly<Record<ProtocolName, number>>;
  readonly backend: { readonly connect: number; readonly logon: number };
  readonly drain: number;
}

export interface LoggingConfig {
  readonly format: "auto" | "json" | "text";
  readonly level: "error" | "warn" | "info" | "debug";
}
