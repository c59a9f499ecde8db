/** EXTERNAL alone: only where there is a certificate, and for nobody but whom it stands for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CertificateEvidence, ClientCertificate } from "../../src/core/evidence.ts";
import type { Able } from "../../src/core/validator.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import type { Visit } from "../../src/core/visit.ts";
import { external } from "../../src/sasl/external.ts";
import { makeOffer, MalformedResponse, type Conclusion } from "../../src/sasl/mechanism.ts";
import { VISIT } from "../support/visit.ts";

const CERTIFICATE: ClientCertificate = { fingerprint: "ab".repeat(32), commonName: "Alice", emails: [] };
const WITH_CERTIFICATE: Visit = {
  ...VISIT,
  tls: { serverEndPoint: undefined, exporter: undefined, clientCertificate: CERTIFICATE },
};
const ALICE: Verdict = {
  kind: "accepted",
  identity: { user: "alice", domain: "EXAMPLE", mailbox: "alice@example.com", groups: [], attributes: {} },
};

interface CertificateTestJudge extends Able<"certificate"> {
  readonly asked: CertificateEvidence[];
}

function certificateJudge(verdict: Verdict = ALICE): CertificateTestJudge {
  const asked: CertificateEvidence[] = [];
  return {
    name: "cards",
    asked,
    certificate(evidence) {
      asked.push(evidence);
      return Promise.resolve(verdict);
    },
  };
}

/** The number of challenges, and how it ended. */
async function play(
  judge: CertificateTestJudge,
  initial: string | Uint8Array | undefined,
  response = "",
  visit = WITH_CERTIFICATE,
): Promise<[number, Conclusion]> {
  const first = typeof initial === "string" ? Buffer.from(initial) : initial;
  const exchange = makeOffer(external, judge)!.begin(first, visit);
  let challenges = 0;
  let step = await exchange.next();
  for (; !step.done; challenges += 1) step = await exchange.next(Buffer.from(response));
  return [challenges, step.value];
}

function ending({ verdict }: Conclusion): string {
  if (verdict.kind === "accepted") return `accepted ${verdict.identity.user}`;
  return verdict.kind === "denied" ? `denied ${verdict.reason}` : verdict.kind;
}

test("it is possible only where TLS has verified a client certificate", () => {
  const offer = makeOffer(external, certificateJudge())!;
  assert.equal(offer.plaintext, false);
  assert.equal(offer.isPossible(VISIT), false);
  assert.equal(
    offer.isPossible({ ...WITH_CERTIFICATE, tls: { ...WITH_CERTIFICATE.tls!, clientCertificate: undefined } }),
    false,
  );
  assert.equal(offer.isPossible(WITH_CERTIFICATE), true);
  assert.equal(makeOffer(external, { name: "passwords" }), undefined);
});

test("an empty authzid is the certificate's own, with the command or behind the empty challenge", async () => {
  for (const [initial, challenges] of [
    ["", 0],
    [undefined, 1],
  ] as const) {
    const judge = certificateJudge();
    const [count, conclusion] = await play(judge, initial);
    assert.deepEqual([count, ending(conclusion), conclusion.claimed], [challenges, "accepted alice", ""]);
    assert.deepEqual(judge.asked, [{ authzid: "", certificate: CERTIFICATE }]);
  }
});

test("an authzid in any form of the account's own name is all right", async () => {
  for (const authzid of ["alice", "Alice", "EXAMPLE\\alice", "alice@Example", "ALICE@example.com"]) {
    const [, conclusion] = await play(certificateJudge(), authzid);
    assert.deepEqual([ending(conclusion), conclusion.claimed], ["accepted alice", authzid]);
  }
});

test("an authzid of somebody else is not authorized, and the log learns whose certificate it was", async () => {
  for (const authzid of ["bob", "alice@example.org", "EXAMPLE\\bob", "alic", "EXAMPLE"]) {
    const [, { verdict }] = await play(certificateJudge(), authzid);
    assert.equal(verdict.kind, "denied", authzid);
    assert.deepEqual(verdict.kind === "denied" && [verdict.reason, verdict.user], ["not-authorized", "alice"]);
  }
});

test("an authzid with controls, or too long, is refused before the judge", async () => {
  for (const authzid of ["a\r\nb", "a".repeat(257), "\u001b"]) {
    const judge = certificateJudge();
    assert.equal(ending((await play(judge, authzid))[1]), "denied bad-credentials");
    assert.deepEqual(judge.asked, []);
  }
});

test("other verdicts are passed on", async () => {
  const verdicts: Verdict[] = [
    { kind: "unavailable", why: "directory down" },
    { kind: "unknown", why: "nobody's certificate" },
    { kind: "denied", reason: "disabled", why: "disabled" },
  ];
  for (const verdict of verdicts) assert.deepEqual((await play(certificateJudge(verdict), "bob"))[1].verdict, verdict);
});

test("whoever gets here without a certificate is refused, whatever the judge would say", async () => {
  const judge = certificateJudge();
  assert.equal(ending((await play(judge, "", "", VISIT))[1]), "denied policy");
  assert.deepEqual(judge.asked, []);
});

test("any bytes are malformed or end in a verdict, and only the account's own names are accepted", async () => {
  const fragment = fc.constantFrom("alice", "EXAMPLE", "\\", "@", "example.com", "\0", "é", "\n", "bob");
  const anyMessage = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fragment, { maxLength: 6 }).map((parts) => new Uint8Array(Buffer.from(parts.join("")))),
  );
  await fc.assert(
    fc.asyncProperty(anyMessage, async (bytes) => {
      try {
        const end = ending((await play(certificateJudge(), bytes))[1]);
        if (end === "accepted alice") assert.match(Buffer.from(bytes).toString(), /^$|alice/i);
        else assert.match(end, /^denied (bad-credentials|not-authorized)$/);
      } catch (error) {
        assert.ok(error instanceof MalformedResponse, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
