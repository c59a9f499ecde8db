/**
 * `postern/sasl`: SASL mechanisms for applications (RFC 4422), server and client side: SCRAM and its -PLUS forms, NTLM,
 * GSS-SPNEGO, OAUTHBEARER, XOAUTH2, EXTERNAL, CRAM-MD5, PLAIN, LOGIN. No sockets, and importing it does nothing.
 */

// A server: what to offer, and who judges.
export {
  createSaslServer,
  type MechanismName,
  type SaslServer,
  type SaslServerOptions,
  type ServerExchange,
  type ServerStep,
} from "./sasl/server.ts";
export type { SaslAccepted, SaslRefused, SaslResult } from "./sasl/server-exchange.ts";
export {
  accountLookup,
  accounts,
  scramKeys,
  type Account,
  type AccountsOptions,
  type FindAccount,
} from "./sasl/accounts.ts";
export { serverConnection, type Connection, type ConnectionDetails } from "./sasl/connection.ts";
export { SASL_LINE_LIMIT, type Framing } from "../sasl/converse.ts";

// A judge of your own.
export type { Answer } from "../core/answer.ts";
export type { BearerJudge, KeyJudge, KeysFound, NtlmJudge, TargetNames, Validator } from "../core/validator.ts";
export type { Accepted, Denied, DenyReason, Unavailable, Unknown, Verdict } from "../core/verdict.ts";
export type {
  BearerEvidence,
  CertificateEvidence,
  ClientCertificate,
  NtlmEvidence,
  PasswordEvidence,
  ScramKeys,
  StoredKeys,
} from "../core/evidence.ts";
export type { Identity } from "../core/identity.ts";
export { Secret } from "../core/secret.ts";

// A client: the strongest mechanism, or one by name.
export {
  chooseClient,
  clientExchange,
  STRONGEST_FIRST,
  type ChoiceOptions,
  type ClientCredentials,
} from "./sasl/client.ts";
export { clientConnection, type ClientConnection } from "./sasl/connection.ts";
export { SaslError, type ClientExchange, type SaslErrorCode } from "../sasl/client/exchange.ts";
export type { ChannelBinding } from "../sasl/client/scram.ts";

// On the way.
export { decodeBase64, encodeBase64 } from "../core/base64.ts";
export { saslprep } from "../scram/saslprep.ts";
export type { ScramName } from "../scram/keys.ts";
