/** What the service is asked, as docs/validators/http.md describes it: one JSON object, bytes in hexadecimal. */
import type {
  BearerEvidence,
  CertificateEvidence,
  NtlmEvidence,
  NtlmNames,
  PasswordEvidence,
} from "../../core/evidence.ts";
import type { Visit } from "../../core/visit.ts";
import type { SoughtName } from "../../accounts/source.ts";

/** Counted up when an answer to the old question could be wrong for the new one. */
const VERSION = 1;

export function passwordQuestion({ username, password }: PasswordEvidence, visit: Visit): object {
  return { ...common("password", visit), username, password: password.reveal() };
}

/** `names`: readings that a name can have, at least one. */
export function ntlmQuestion(evidence: NtlmEvidence, names: readonly NtlmNames[], visit: Visit): object {
  const { workstation, serverChallenge, ntResponse, lmResponse, extendedSessionSecurity, minimum } = evidence;
  return {
    ...common("ntlm", visit),
    names: names.map(({ user, domain }) => ({ user, domain })),
    workstation,
    serverChallenge: hex(serverChallenge),
    ntResponse: hex(ntResponse),
    lmResponse: hex(lmResponse),
    extendedSessionSecurity,
    minimum,
  };
}

export function bearerQuestion({ username, token }: BearerEvidence, visit: Visit): object {
  return { ...common("bearer", visit), username, token: token.reveal() };
}

export function certificateQuestion({ authzid, certificate }: CertificateEvidence, visit: Visit): object {
  const { fingerprint, commonName, emails } = certificate;
  return { ...common("certificate", visit), authzid, certificate: { fingerprint, commonName, emails } };
}

export function lookupQuestion({ name, user, domain }: SoughtName, visit: Visit): object {
  return { ...common("lookup", visit), name, user, domain };
}

function common(evidence: string, { id, listener, protocol, client, secure }: Visit): object {
  const { address, port } = client;
  return { version: VERSION, evidence, visit: { id, listener, protocol, client: { address, port }, secure } };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
