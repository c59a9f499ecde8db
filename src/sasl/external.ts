/** EXTERNAL (RFC 4422 appendix A), the server's side: the client certificate of TLS says who it is. */
import { isNameOf, isPlausibleName } from "../core/identity.ts";
import type { Able } from "../core/validator.ts";
import type { Denied, Verdict } from "../core/verdict.ts";
import type { Visit } from "../core/visit.ts";
import { EMPTY, MalformedResponse, textOf, type Mechanism } from "./mechanism.ts";

export const external: Mechanism<"certificate"> = {
  name: "EXTERNAL",
  needs: "certificate",
  plaintext: false,
  isPossible: (visit) => visit.tls?.clientCertificate !== undefined,
  async *exchange(initial, judge, visit) {
    const authzid = readAuthzid(initial ?? (yield EMPTY));
    return { verdict: await judgeCertificate(authzid, judge, visit), claimed: authzid, password: undefined };
  },
};

/** Throws MalformedResponse: not UTF-8, or a NUL, which the grammar has no place for. */
function readAuthzid(message: Uint8Array): string {
  const authzid = textOf(message);
  if (authzid.includes("\0")) throw new MalformedResponse("EXTERNAL wants a name without NUL, or nothing");
  return authzid;
}

async function judgeCertificate(authzid: string, judge: Able<"certificate">, visit: Visit): Promise<Verdict> {
  const certificate = visit.tls?.clientCertificate;
  if (certificate === undefined) return denied("policy", "the client showed no certificate");
  if (authzid !== "" && !isPlausibleName(authzid)) {
    return denied("bad-credentials", "the name asked for is too long or has control characters");
  }
  const verdict = await judge.certificate({ authzid, certificate }, visit);
  if (verdict.kind !== "accepted" || authzid === "" || isNameOf(authzid, verdict.identity)) return verdict;
  const { user } = verdict.identity;
  return { ...denied("not-authorized", "the certificate is somebody else's than the name asked for (authzid)"), user };
}

function denied(reason: Denied["reason"], why: string): Denied {
  return { kind: "denied", reason, why };
}
