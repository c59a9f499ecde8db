/** NTLM held against Samba's ntlm_auth in both directions, and SPNEGO around it: random names, passwords and flags. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { joinFlags, NegotiateFlag as Flag } from "../../../src/ntlm/flags.ts";
import { clientConfigFlags } from "../../../src/ntlm/initiator.ts";
import type { NameReading } from "../../../src/ntlm/names.ts";
import { MIC_OFFSET } from "../../../src/ntlm/messages/authenticate.ts";
import { NtlmInitiator, type NtlmInitiatorOptions } from "../../../src/ntlm/ntlm-initiator.ts";
import { encodeOem } from "../../../src/ntlm/oem.ts";
import type { Scheme } from "../../../src/ntlm/scheme.ts";
import { SpnegoAcceptor, type SpnegoStep } from "../../../src/ntlm/spnego/acceptor.ts";
import { SpnegoInitiator } from "../../../src/ntlm/spnego/initiator.ts";
import { encodeNegTokenInit2, Oid } from "../../../src/ntlm/spnego/tokens.ts";
import { upperCaseSimple } from "../../../src/ntlm/upper-case.ts";
import { without } from "../programs.ts";
import { NtlmAuth, type HelperRole } from "./ntlm-auth.ts";
import { challengeFor, filetime, judge } from "./our-server.ts";
import {
  account,
  CLIENT_CHOICES,
  hasLmHash,
  ODD_NAMES,
  password,
  Random,
  randoms,
  repeatable,
  type Account,
} from "./random.ts";

const missing = without("ntlm_auth");

const PROCESSES = 8;
const EXCHANGES = 30;

/** Samba's server takes everything when told to; its code page is CP850. */
const SERVER = ["ntlm auth = ntlmv1-permitted", "lanman auth = yes", "dos charset = CP850"];

const CHOICES = [...CLIENT_CHOICES, Flag.NTLMSSP_NEGOTIATE_TARGET_INFO];

/** A client of ours with a bit of everything that Samba's server takes. */
function client(random: Random, secret: string): NtlmInitiatorOptions {
  const schemes: [Scheme, ...Scheme[]] = ["NTLMv2", "NTLMv2", "NTLMv2", "LMv2", "NTLM2 session", "NTLMv1"];
  const scheme = hasLmHash(secret) && random.chance(0.15) ? "LM" : random.pick(schemes);
  const { user, domain } = account(random);
  const isOem = random.chance(0.2) && [user, domain].every((name) => encodeOem(name, "cp850"));
  const extended = clientConfigFlags(scheme) & Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
  const charset = isOem ? Flag.NTLM_NEGOTIATE_OEM : Flag.NTLMSSP_NEGOTIATE_UNICODE;
  return {
    ...{ user, domain, password: secret, scheme, oemCharset: "cp850", clock: filetime },
    flags: joinFlags(Flag.NTLMSSP_NEGOTIATE_NTLM, extended, charset, ...random.some(CHOICES)),
    workstation: random.chance(0.3) ? "" : random.text("WORKSTATION-123", 1 + random.below(15)),
    ...(random.chance(0.5) ? { targetName: `imap/${random.text("abc.", 9)}` } : {}),
    ...(random.chance(0.3) ? { channelBinding: random.bytes(16) } : {}),
    policy: { noLMResponseNTLMv1: random.chance(0.5) },
    random: (length) => random.bytes(length),
  };
}

describe("Samba's server", { skip: missing }, () => {
  test(`takes ${PROCESSES * EXCHANGES} random logons of our client and has the same session key`, async () => {
    await withServers("squid-2.5-ntlmssp", async (server, random, secret) => {
      const options = client(random, secret);
      const ours = new NtlmInitiator(options);
      await repeatable(random, options, async () => {
        const challenge = await server.bytes("TT", "YR", ours.negotiate());
        assert.equal((await server.ask("KK", ours.authenticate(challenge)))[0], "AF");
        assert.deepEqual(await server.bytes("GK", "GK"), ours.exportedSessionKey);
      });
    });
  });

  test("refuses our client with another password, and a message that was changed on its way", async () => {
    await withServers("squid-2.5-ntlmssp", async (server, random, secret) => {
      const options = { ...client(random, secret), scheme: "NTLMv2" as const, flags: clientConfigFlags() };
      await repeatable(random, options, async () => {
        const wrong = new NtlmInitiator({ ...options, password: `${secret}!` });
        const stranger = wrong.authenticate(await server.bytes("TT", "YR", wrong.negotiate()));
        assert.deepEqual(await server.ask("KK", stranger), ["NA", "NT_STATUS_LOGON_FAILURE"]);
        const ours = new NtlmInitiator(options);
        const changed = ours.authenticate(await server.bytes("TT", "YR", ours.negotiate()));
        changed[MIC_OFFSET + random.below(16)]! ^= 1 << random.below(8);
        assert.deepEqual(await server.ask("KK", changed), ["NA", "NT_STATUS_INVALID_PARAMETER"]);
      });
    });
  });

  test("takes our client's SPNEGO, and answers its mechListMIC with one that our client takes", async () => {
    await withServers("gss-spnego", async (server, random, secret) => {
      const options = { ...client(random, secret), scheme: "NTLMv2" as const };
      const spnego = new SpnegoInitiator(new NtlmInitiator(options));
      await repeatable(random, options, async () => {
        const answer = spnego.receive(await server.bytes("TT", "YR", spnego.begin()));
        const [word, rest] = await server.ask("KK", answer);
        assert.equal(word, "AF", rest);
        assert.equal(spnego.receive(Buffer.from(rest.split(" ")[0] ?? "", "base64")), undefined);
        assert.equal(spnego.isCompleted, true);
      });
    });
  });
});

/** What a client of Samba's is told, and which responses it gives then. */
const CLIENTS: readonly [Client, ...Client[]] = [
  { options: [], schemes: ["NTLMv2"] },
  { options: ["client ntlmv2 auth = no"], schemes: ["NTLM2 session"] },
  {
    options: ["client ntlmv2 auth = no", "client lanman auth = yes", "ntlmssp_client:ntlm2 = no"],
    schemes: ["NTLMv1"],
  },
];

interface Client {
  readonly options: readonly string[];
  readonly schemes: readonly string[];
}

describe("Samba's client", { skip: missing }, () => {
  for (const { options, schemes } of CLIENTS) {
    test(`logs on to our server with ${schemes.join(" or ")}, whoever it is, and has the same session key`, async () => {
      for (const random of randoms(PROCESSES)) {
        const who = account(random);
        const target = `mail.${random.text("abcdefgh", 6)}.example`;
        const peer = new NtlmAuth("ntlmssp-client-1", who, options, [
          "--target-service=imap",
          `--target-hostname=${target}`,
        ]);
        try {
          for (let n = 0; n < EXCHANGES / 3; n++) {
            const secret = password(random);
            await repeatable(random, { ...who, secret }, () =>
              exchange(peer, { ...who, password: secret }, random, schemes, target),
            );
          }
        } finally {
          await peer.end();
        }
      }
    });
  }
});

describe("Samba's client and names whose upper case nobody agrees on", { skip: missing }, () => {
  test("log on to our server", async () => {
    const found: string[] = [];
    for (const user of ODD_NAMES) {
      const peer = new NtlmAuth("ntlmssp-client-1", { user, domain: "D", password: "secret" });
      try {
        const pending = challengeFor(await peer.bytes("YR", "YR"), new Random(1));
        found.push(`${user} ${judge(pending, await peer.bytes("AF", "TT", pending.message), "secret").outcome}`);
      } finally {
        await peer.end();
      }
    }
    assert.deepEqual(
      found,
      ODD_NAMES.map((user) => `${user} NTLMv2`),
    );
  });
});

describe("Samba's SPNEGO client", { skip: missing }, () => {
  test("logs on to our server, which says first what it can do", async () => {
    for (const random of randoms(PROCESSES)) {
      const who = account(random);
      await repeatable(random, who, async () => {
        const peer = new NtlmAuth("gss-spnego-client", who);
        try {
          if (random.chance(0.7)) await peer.ask("SF NTLMSSP_FEATURE_SIGN");
          const first = await peer.bytes("KK", "TT", encodeNegTokenInit2([Oid.kerberos, Oid.ntlm]));
          const spnego = new SpnegoAcceptor();
          const pending = challengeFor(messageOf(spnego.receive(first)), random);
          const answer = await peer.bytes("KK", "TT", spnego.challenge(pending.message));
          const { outcome, security } = judge(pending, messageOf(spnego.receive(answer)), who.password);
          assert.equal(outcome, "NTLMv2");
          assert.equal((await peer.ask("TT", spnego.complete(security)))[0], "AF");
        } finally {
          await peer.end();
        }
      });
    }
  });
});

function messageOf(step: SpnegoStep): Uint8Array {
  assert.ok(step.kind === "mechanism");
  return step.message;
}

async function exchange(
  peer: NtlmAuth,
  who: Account,
  random: Random,
  schemes: readonly string[],
  target: string,
): Promise<void> {
  await peer.ask("PW", Buffer.from(who.password));
  for (const feature of random.some(["SIGN", "SEAL", "SESSION_KEY"])) await peer.ask(`SF NTLMSSP_FEATURE_${feature}`);
  const pending = challengeFor(await peer.bytes("YR", "YR"), random);
  const authenticate = await peer.bytes("AF", "TT", pending.message);
  const { outcome, names, key, targetName } = judge(pending, authenticate, who.password);
  assert.ok(schemes.includes(outcome), `${outcome}, not ${schemes}`);
  // Samba upper-cases the domain before it computes and sends anything.
  const sent: NameReading = { user: who.user, domain: upperCaseSimple(who.domain) };
  // Some domains in UTF-16 are printable ASCII too, and are then read both ways.
  assert.ok(
    names.some(({ user, domain }) => user === sent.user && domain === sent.domain),
    JSON.stringify(names),
  );
  assert.equal(targetName, outcome === "NTLMv2" ? `imap/${target}` : undefined);
  assert.deepEqual(key, await peer.bytes("GK", "GK"));
  assert.equal(judge(pending, authenticate, `${who.password}!`).outcome, "wrong");
}

/** Each of some servers with a password of its own, asked again and again. */
async function withServers(
  role: HelperRole,
  check: (server: NtlmAuth, random: Random, secret: string) => Promise<void>,
): Promise<void> {
  for (const random of randoms(PROCESSES)) {
    const secret = password(random);
    const server = new NtlmAuth(role, { user: "any", domain: "ANY", password: secret }, SERVER);
    try {
      for (let n = 0; n < EXCHANGES; n++) await check(server, random, secret);
    } finally {
      await server.end();
    }
  }
}
