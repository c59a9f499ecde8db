/**
 * NTLM relay: a victim connects to an attacker's server, who forwards its messages over a TLS connection of its own and
 * so logs on to the gateway in the victim's name. With everything off it works; each protection is tried against it.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { AvFlag, AvId, avFlags, type AvPair } from "../src/ntlm/av-pairs.ts";
import { channelBindingHash, tlsServerEndPoint } from "../src/ntlm/channel-binding.ts";
import { readDescriptor } from "../src/ntlm/fields.ts";
import { authenticateMessage, negotiateMessage } from "../src/ntlm/initiator.ts";
import { decodeClientChallenge, encodeClientChallenge } from "../src/ntlm/ntlmv2.ts";
import type { StagedBackend } from "./support/backend.ts";
import { CERTIFICATE, STRANGER } from "./support/certificates.ts";
import { openEchoBackend } from "./support/echo-backend.ts";
import { eventually, startGateway, type RunningGateway } from "./support/gateway.ts";
import { dialTls, Talker } from "./support/talker.ts";

const REFUSED = "a1 NO [AUTHENTICATIONFAILED]";
const OFF = { mic: "off", channelBinding: "off" };
const POLICIES: Readonly<Record<string, object>> = {
  off: OFF,
  default: {},
  "required MIC": { ...OFF, mic: "require" },
  "required target": { ...OFF, targetName: "require" },
  "required binding": { ...OFF, channelBinding: "require" },
  required: { mic: "require", channelBinding: "require" },
};

let gateway: RunningGateway;
let store: StagedBackend;
before(async () => {
  store = await openEchoBackend("imap");
  gateway = await startGateway({
    tls: [{ cert: CERTIFICATE.cert, key: CERTIFICATE.key }],
    listeners: Object.entries(POLICIES).map(([name, ntlm], index) => ({
      ...{ name: `l${index}`, tls: "implicit", mechanisms: ["NTLM"], ntlm },
      ...{ greeting: name },
    })),
    backends: {
      store: {
        imap: { host: "127.0.0.1", port: store.port },
        logon: { method: "master", user: "gate", password: "keeper" },
      },
    },
  });
});
after(async () => {
  await gateway.stop();
  store.close();
});

function portOf(policy: string): number {
  return gateway.port(`l${Object.keys(POLICIES).indexOf(policy)}`);
}

interface Victim {
  /** Whether its client knows channel bindings; all of ours send a MIC. */
  readonly binds: boolean;
  /** The host that it believes to talk to, where its client says so. */
  readonly host?: string;
}

/** A client that logs on, as it believes, to the server it has dialled. The last line it hears. */
async function logOn(port: number, { binds, host }: Victim): Promise<string> {
  const talker = await dialTls(port);
  const binding = bindingTo(talker.socket as TLSSocket);
  await talker.line();
  talker.send("a1 AUTHENTICATE NTLM\r\n");
  assert.match(await talker.line(), /^\+/);
  const negotiate = negotiateMessage();
  talker.send(`${negotiate.toString("base64")}\r\n`);
  const challenge = Buffer.from((await talker.line()).slice(2), "base64");
  const { message } = authenticateMessage({
    ...{ user: "alice", domain: "MAIL", password: "secret", negotiate, challenge, time: 0n },
    ...{ clientChallenge: Buffer.alloc(8, 1), exportedSessionKey: Buffer.alloc(16, 2) },
    ...(binds && { channelBinding: binding }),
    ...(host !== undefined && { targetName: `imap/${host}` }),
  });
  talker.send(`${message.toString("base64")}\r\n`);
  const answer = await talker.line();
  talker.destroy();
  return answer;
}

/** For the certificate that this client sees, whoever's it is. */
function bindingTo(socket: TLSSocket): Buffer {
  return channelBindingHash(tlsServerEndPoint(socket.getPeerCertificate(true).raw)!);
}

type Tamper = (authenticate: Buffer) => Buffer;

/** The attacker's server: its own certificate for victims, its own TLS connection to the gateway. */
class Attacker {
  readonly #server: Server = createServer({ cert: STRANGER.cert, key: STRANGER.key });
  readonly #target: number;
  readonly #tamper: Tamper;
  /** What the gateway says once the victim is logged on, to commands that only the attacker has sent. */
  readonly loot: Promise<string>;

  constructor(target: number, tamper: Tamper) {
    this.#target = target;
    this.#tamper = tamper;
    this.loot = once(this.#server, "secureConnection").then(([socket]) => this.#relay(new Talker(socket as TLSSocket)));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  async #relay(victim: Talker): Promise<string> {
    const gate = await dialTls(this.#target);
    for (;;) {
      const said = await gate.line();
      victim.send(`${said}\r\n`);
      if (said.startsWith("a1 ")) {
        gate.send("x1 FETCH 1 BODY[]\r\n");
        const heard = said.startsWith("a1 OK") ? await gate.line() : "";
        gate.destroy();
        return heard;
      }
      const line = await victim.line();
      const message = Buffer.from(line, "base64");
      const isLast = message.toString("latin1", 0, 7) === "NTLMSSP" && message.readUInt32LE(8) === 3;
      gate.send(`${isLast ? this.#tamper(message).toString("base64") : line}\r\n`);
    }
  }

  close(): void {
    this.#server.close();
  }
}

interface Outcome {
  readonly loggedOn: boolean;
  readonly answer: string;
  /** The rule that refused it, or the reason. */
  readonly why: string;
}

async function relayTo(policy: string, victim: Victim, tamper: Tamper = (message) => message): Promise<Outcome> {
  const attacker = new Attacker(portOf(policy), tamper);
  await eventually(() => gateway.gateway.connections === 0, "nobody else is there");
  const before = gateway.lines.length;
  try {
    const answer = await logOn(await attacker.listen(), victim);
    const loot = await attacker.loot;
    assert.equal(loot !== "", answer.startsWith("a1 OK"), "the attacker's session works if and only if it was let in");
    await eventually(() => gateway.lines.length > before, "the log has the attempt");
    const why = gateway.lines.slice(before).map((line) => JSON.stringify(line));
    return { loggedOn: loot !== "", answer, why: why.join(" ") };
  } finally {
    attacker.close();
  }
}

const BINDS: Victim = { binds: true };
const BINDS_NOT: Victim = { binds: false };
const TARGETS: Victim = { binds: false, host: "mail.attacker.example" };

/** Changes the AV pairs of an NTLMv2 response where it lies; the list keeps its length, so that all offsets stay. */
function changePairs(change: (pairs: readonly AvPair[]) => readonly AvPair[]): Tamper {
  return (message) => {
    const { length, offset } = readDescriptor(message, 20);
    const response = message.subarray(offset, offset + length);
    const blob = decodeClientChallenge(response);
    const changed = encodeClientChallenge({ ...blob, pairs: change(blob.pairs), trailer: Buffer.alloc(0) });
    response.fill(0, 16);
    changed.copy(response, 16);
    return message;
  };
}

const without =
  (...ids: number[]) =>
  (pairs: readonly AvPair[]) =>
    pairs.filter(({ id }) => !ids.includes(id));

const dropMic: Tamper = (message) => message.fill(0, 72, 88);
/** As CVE-2019-1040 did: the MIC gone, and with it the flags that need it. */
const dropMicAndFlags: Tamper = (message) => {
  dropMic(message);
  message.writeUInt32LE((message.readUInt32LE(60) & ~0x8010) >>> 0, 60);
  return message;
};
const unsetMicFlag = changePairs((pairs) => pairs.map((pair) => (pair.id === AvId.MsvAvFlags ? avFlags(0) : pair)));
const untrustTarget = changePairs((pairs) =>
  pairs.map((pair) => (pair.id === AvId.MsvAvFlags ? avFlags(AvFlag.micPresent | AvFlag.untrustedTargetName) : pair)),
);
const dropBinding = changePairs(without(AvId.MsvAvChannelBindings));
const dropTarget = changePairs(without(AvId.MsvAvTargetName));
const changeFlags: Tamper = (message) => {
  message.writeUInt32LE((message.readUInt32LE(60) ^ 0x20) >>> 0, 60);
  return message;
};

describe("without an attacker", () => {
  for (const policy of Object.keys(POLICIES)) {
    test(`the victim's client logs on where the policy is ${policy}`, async () => {
      assert.match(await logOn(portOf(policy), { ...BINDS, host: "mail.example.com" }), /^a1 OK/);
    });
  }
});

describe("the relay succeeds where nothing stops it", () => {
  test("with everything off, whatever the victim's client sends", async () => {
    assert.equal((await relayTo("off", BINDS)).loggedOn, true);
    assert.equal((await relayTo("off", BINDS_NOT)).loggedOn, true);
    assert.equal((await relayTo("off", BINDS, dropMic)).loggedOn, true);
  });

  test("against a MIC alone, which only shows that nothing was altered", async () => {
    assert.equal((await relayTo("required MIC", BINDS_NOT)).loggedOn, true);
  });

  test("by default against clients without channel binding", async () => {
    assert.equal((await relayTo("default", BINDS_NOT)).loggedOn, true);
  });
});

describe("the relay fails", () => {
  const binding = /TLS channel|channel binding/;
  const credentials = /another password or for another challenge/;
  const target = /imap.mail.attacker.example.*not us/;
  for (const [what, policy, victim, tamper, why] of [
    ["where the victim's client says whom it meant", "required target", TARGETS, undefined, target],
    ["where it must say so and does not", "required target", BINDS_NOT, undefined, /no target name/],
    ["with the target removed", "required target", TARGETS, dropTarget, /no target name/],
    ["with the target called untrusted", "required target", TARGETS, untrustTarget, /no target name/],
    ["where a binding is sent", "default", BINDS, undefined, binding],
    ["where a binding is required and sent", "required", BINDS, undefined, binding],
    ["where a binding is required and not sent", "required", BINDS_NOT, undefined, binding],
    ["where only the binding is required", "required binding", BINDS, undefined, binding],
    ["with the MIC removed", "required", BINDS_NOT, dropMic, binding],
    ["with the MIC removed, where only the MIC is looked at", "required MIC", BINDS_NOT, dropMic, /MIC is wrong/],
    ["with the MIC and the signing flags removed", "required MIC", BINDS_NOT, dropMicAndFlags, /MIC is wrong/],
    ["with altered flags", "required MIC", BINDS_NOT, changeFlags, /MIC is wrong/],
    [
      "with the MIC removed and its AV flag unset",
      "required MIC",
      BINDS_NOT,
      (m) => unsetMicFlag(dropMic(m)),
      /no MIC/,
    ],
    ["with the AV flag unset, where a MIC is verified if there", "default", BINDS_NOT, unsetMicFlag, credentials],
    ["with another AV flag set", "required MIC", BINDS_NOT, untrustTarget, credentials],
    ["with the binding removed", "default", BINDS, dropBinding, credentials],
    ["with the binding removed, where it is required", "required", BINDS, dropBinding, binding],
    ["with the AV flag unset, even with everything off", "off", BINDS, unsetMicFlag, credentials],
  ] as const satisfies readonly (readonly [string, string, Victim, Tamper | undefined, RegExp])[]) {
    test(`${what} (${policy})`, async () => {
      const outcome = await relayTo(policy, victim, tamper);
      assert.equal(outcome.loggedOn, false);
      assert.ok(outcome.answer.startsWith(REFUSED), outcome.answer);
      assert.doesNotMatch(outcome.answer, /MIC|binding|policy|channel/i, "the client is not told why");
      assert.match(outcome.why, why);
    });
  }
});
