/** What is done with a vector of each kind. */
import { channelBindingHash, endPointHashName, tlsServerEndPoint } from "../../src/ntlm/channel-binding.ts";
import { lmHash, ntHash, ntowfv2, unicode } from "../../src/ntlm/hashes.ts";
import { upperCaseFull, upperCaseSimple } from "../../src/ntlm/upper-case.ts";
import { Comparison } from "./comparison.ts";
import { checkExchange } from "./exchange.ts";
import { bytes, text, type Vector } from "./format.ts";
import { checkResponse } from "./response.ts";
import { checkRule } from "./rule.ts";
import { checkKeys, checkSealing } from "./sealing.ts";
import { checkSpnego } from "./spnego.ts";

export type Outcome =
  | { readonly kind: "checked"; readonly failures: readonly string[]; readonly unknown: readonly string[] }
  | { readonly kind: "skipped"; readonly why: string };

type Check = (vector: Vector, comparison: Comparison) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  hash: checkHash,
  casefold: checkCasefold,
  response: checkResponse,
  exchange: checkExchange,
  rule: checkRule,
  cbt: checkChannelBinding,
  sealing: checkSealingVector,
  spnego: checkSpnego,
};

/** Never throws: an exception in a check is a failure of the vector. */
export function checkVector(vector: Vector): Outcome {
  const check = CHECKS[vector.kind];
  if (!check) return { kind: "skipped", why: `no check for vectors of kind "${vector.kind}"` };
  const comparison = new Comparison(vector.expect);
  try {
    check(vector, comparison);
  } catch (error) {
    comparison.fail(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  return { kind: "checked", failures: comparison.failures, unknown: comparison.unknown() };
}

function checkHash({ inputs }: Vector, comparison: Comparison): void {
  const { user, domain, password } = account(inputs);
  const nt = ntHash(password);
  comparison.bytes("ntHash", nt);
  comparison.bytes("ntowfv2", ntowfv2(nt, user, domain));
  comparison.bytes("lmHashCp437", lmHash(password));
  comparison.bytes("passwordUtf16", unicode(password));
  comparison.bytes("userUpperUtf16", unicode(upperCaseSimple(user)));
  comparison.bytes("domainUtf16", unicode(domain));
}

function checkCasefold({ inputs }: Vector, comparison: Comparison): void {
  const { user, domain, password } = account(inputs);
  const nt = ntHash(password);
  comparison.bytes("ntHash", nt);
  comparison.bytes("ntowfv2Simple", ntowfv2(nt, user, domain));
  comparison.bytes("ntowfv2Winpr", ntowfv2(nt, user, domain));
  comparison.bytes("ntowfv2FullMapping", ntowfv2(nt, user, domain, upperCaseFull));
  comparison.bytes(
    "ntowfv2AsIs",
    ntowfv2(nt, user, domain, (name) => name),
  );
}

function checkChannelBinding({ inputs }: Vector, comparison: Comparison): void {
  const certificate = bytes(inputs, "certificateDer");
  const data = certificate ? tlsServerEndPoint(certificate) : bytes(inputs, "applicationData");
  const prefix = "tls-server-end-point:".length;
  comparison.bytes("applicationData", data);
  comparison.bytes("endPointHash", data?.subarray(prefix));
  comparison.value("hashUsed", (certificate && endPointHashName(certificate)) ?? null);
  comparison.bytes("msvAvChannelBindings", data && channelBindingHash(data));
  // What GnuTLS says, and the input of the MD5 that the binding's value already proves.
  comparison.ignore("gnutls", "gssStructureMd5Input");
}

function checkSealingVector(vector: Vector, comparison: Comparison): void {
  const key = bytes(vector.inputs, "exportedSessionKey") ?? Buffer.alloc(0);
  const flags = Number(text(vector.inputs, "flags"));
  checkKeys(key, flags, comparison);
  checkSealing(vector, key, flags, comparison);
}

function account(inputs: Vector["inputs"]): { user: string; domain: string; password: string } {
  return {
    user: text(inputs, "user") ?? "",
    domain: text(inputs, "domain") ?? "",
    password: text(inputs, "password") ?? "",
  };
}
