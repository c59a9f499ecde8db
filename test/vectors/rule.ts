/** Vectors of kind "rule": one deviation each, and whether a server takes it. */
import {
  confirm,
  DEFAULT_POLICY,
  openChallenge,
  readAuthenticate,
  type AcceptorPolicy,
} from "../../src/ntlm/acceptor.ts";
import { NtlmError } from "../../src/ntlm/error.ts";
import { verifyResponses } from "../../src/ntlm/responses.ts";
import { isScheme, minimumFor } from "../../src/ntlm/scheme.ts";
import { Comparison } from "./comparison.ts";
import { compareLogon, compareMessage } from "./computed.ts";
import { bindingOf, hashesOf, readMessages } from "./exchange.ts";
import { bytes, text, type Values, type Vector } from "./format.ts";
import { checkKeys } from "./sealing.ts";

export function checkRule(vector: Vector, comparison: Comparison): void {
  comparison.ignore("result", "reason", "computed");
  const computed = computedOf(vector);
  const details = new Comparison(computed);
  details.ignore("verifiedBy");
  const outcome = attempt(vector, details);
  const isAccepted = outcome === ACCEPTED;
  const wanted = text(vector.expect, "result") ?? "";
  const ours = wanted === "either" ? OUR_DEFAULT.get(vector.name ?? "") : wanted;
  comparison.check(ours === undefined || isAccepted === (ours === "accept"), `${outcome}, expected ${String(ours)}`);
  for (const failure of details.failures) comparison.fail(failure);
  // What is refused before anything is computed has nothing to compare.
  if (isAccepted) for (const name of details.unknown()) comparison.fail(`computed.${name} is not compared`);
}

/** Where implementations differ: what we do, as the documentation says it. */
const OUR_DEFAULT: ReadonlyMap<string, "accept" | "reject"> = new Map([
  ["v1 Windows 9x short header", "reject"],
  ["NTLMv1 in LM field", "reject"],
  ["anonymous all empty", "reject"],
  ["MaxLen differs from Len", "accept"],
  ["AV terminator with length", "reject"],
  ["AV list empty", "accept"],
  ["Type 3 drops KEY_EXCH", "accept"],
  ["channel binding absent", "accept"],
  ["Type 1 names past end", "accept"],
]);

const ACCEPTED = "accepted";

/** The whole way through the acceptor. Only NtlmError may be thrown on it: anything else is a failure. */
function attempt(vector: Vector, details: Comparison): string {
  try {
    return serve(vector, details);
  } catch (error) {
    if (error instanceof NtlmError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function serve(vector: Vector, details: Comparison): string {
  if (vector.messages?.["challenge"] === undefined) {
    openChallenge(bytes(vector.messages, "negotiate") ?? Buffer.alloc(0), SOME_SERVER);
    return ACCEPTED;
  }
  const { pending, authenticate } = readMessages(vector);
  const logon = readAuthenticate(authenticate, pending, policyFor(vector), bindingOf(vector));
  if (logon.kind === "refused") return logon.why;
  compareMessage(logon.authenticate, pending, details);
  const hashes = hashesOf(vector);
  const match = verifyResponses(hashes, logon.evidence);
  if (match === undefined) return "the response is wrong";
  const key = compareLogon({ ...vector, expect: computedOf(vector) }, logon, match, hashes, details);
  checkKeys(key, logon.authenticate.flags, details);
  return confirm(logon, match.sessionBaseKey, match.scheme)?.why ?? ACCEPTED;
}

/** What is to be refused is refused by the laxest minimum too: not merely for being an old scheme. */
function policyFor(vector: Vector): AcceptorPolicy {
  const scheme = text(computedOf(vector), "verifiedBy")?.replace(/ \(.*\)$| only.*$/g, "");
  const isAccept = vector.expect["result"] === "accept";
  return { ...DEFAULT_POLICY, minimum: isAccept && isScheme(scheme) ? minimumFor(scheme) : "lm" };
}

function computedOf({ expect }: Vector): Values {
  return (expect["computed"] ?? {}) as Values;
}

const SOME_SERVER = {
  names: { netbiosDomain: "DOMAIN", netbiosComputer: "SERVER", domainJoined: false },
  serverChallenge: Buffer.alloc(8, 1),
  timestamp: 0n,
};
