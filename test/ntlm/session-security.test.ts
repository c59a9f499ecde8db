/** Signing and sealing between two sides, under every mixture of flags; the published values are in test/vectors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { joinFlags, NegotiateFlag as Flag } from "../../src/ntlm/flags.ts";
import { SessionSecurity, SIGNATURE_LENGTH } from "../../src/ntlm/session-security.ts";
import { nonce } from "./exchange.ts";

const KEY = nonce(16, 0x5a);
const EXTENDED = Flag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
const SIGN = Flag.NTLMSSP_NEGOTIATE_SIGN;

function sides(flags: number): { client: SessionSecurity; server: SessionSecurity } {
  return { client: new SessionSecurity(KEY, flags, "client"), server: new SessionSecurity(KEY, flags, "server") };
}

/** Every choice that session security looks at. */
const flagSets = fc
  .subarray([
    EXTENDED,
    Flag.NTLMSSP_NEGOTIATE_SEAL,
    Flag.NTLMSSP_NEGOTIATE_KEY_EXCH,
    Flag.NTLMSSP_NEGOTIATE_128,
    Flag.NTLMSSP_NEGOTIATE_56,
    Flag.NTLMSSP_NEGOTIATE_LM_KEY,
    Flag.NTLMSSP_NEGOTIATE_DATAGRAM,
  ])
  .map((flags) => joinFlags(SIGN, ...flags));

const steps = fc.array(
  fc.record({ fromClient: fc.boolean(), isSealed: fc.boolean(), message: fc.uint8Array({ maxLength: 60 }) }),
  { maxLength: 8 },
);

describe("session security", () => {
  test("what one side signs or seals the other takes, under all flags and in any order of directions", () => {
    fc.assert(
      fc.property(flagSets, steps, (flags, messages) => {
        const { client, server } = sides(flags);
        for (const { fromClient, isSealed, message } of messages) {
          const [from, to] = fromClient ? [client, server] : [server, client];
          if (isSealed) assert.deepEqual(to.unwrap(from.wrap(message)), Buffer.from(message));
          else assert.equal(to.verify(message, from.sign(message)), true);
        }
        assert.equal(client.sendSequence, server.receiveSequence);
      }),
    );
  });

  test("what was changed is refused, and what comes then is taken as if nothing had been", () => {
    fc.assert(
      fc.property(flagSets, fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(), (flags, message, at) => {
        const { client, server } = sides(flags);
        const token = client.wrap(message);
        const changed = Buffer.from(token);
        // Bytes 4 to 7 of a signature without extended session security are a pad.
        const place = SIGNATURE_LENGTH + (at % message.length);
        changed[place]! ^= 0x40;
        assert.equal(server.unwrap(changed), undefined);
        assert.equal(server.receiveSequence, 0);
        assert.equal(server.verify(message, token.subarray(0, 15)), false);
        assert.deepEqual(server.unwrap(token), Buffer.from(message));
      }),
    );
  });

  test("a message sent twice is refused the second time", () => {
    for (const extended of [0, EXTENDED]) {
      const { client, server } = sides(joinFlags(SIGN, extended, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH));
      const signature = client.sign(Buffer.from("once"));
      assert.equal(server.verify(Buffer.from("once"), signature), true);
      assert.equal(server.verify(Buffer.from("once"), signature), false);
    }
  });

  test("connectionless messages are taken in the application's order, whatever was lost", () => {
    for (const extended of [0, EXTENDED]) {
      const { client, server } = sides(joinFlags(SIGN, extended, Flag.NTLMSSP_NEGOTIATE_DATAGRAM));
      const sealed = [5, 3, 9].map((number) => ({ number, ...client.seal(Buffer.from(`message ${number}`), number) }));
      for (const { number, ciphertext, signature } of sealed.reverse()) {
        assert.equal(server.unseal(ciphertext, signature, number + 1), undefined);
        assert.equal(server.unseal(ciphertext, signature, number)?.toString(), `message ${number}`);
      }
    }
  });

  test("without SIGN a signature is a dummy that uses nothing up, and says so", () => {
    const choices = [0, EXTENDED, Flag.NTLMSSP_NEGOTIATE_SEAL, joinFlags(EXTENDED, Flag.NTLMSSP_NEGOTIATE_SEAL)];
    for (const flags of choices) {
      const { client, server } = sides(flags);
      assert.equal(client.integrity, false);
      assert.equal(client.sign(Buffer.from("anything")).toString("hex"), `01000000${"00".repeat(12)}`);
      assert.equal(client.sendSequence, 0);
      assert.equal(server.verify(Buffer.from("anything else"), client.sign(Buffer.from("anything"))), true);
    }
  });

  test("a mechListMIC uses up a number, and no key stream", () => {
    const flags = joinFlags(SIGN, EXTENDED, Flag.NTLMSSP_NEGOTIATE_KEY_EXCH);
    const list = Buffer.from("the list");
    const { client, server } = sides(flags);
    const mic = client.signMechTypeList(list);
    assert.equal(server.verifyMechTypeList(Buffer.from("another list"), mic), false);
    assert.equal(server.receiveSequence, 0);
    assert.equal(server.verifyMechTypeList(list, mic), true);
    assert.equal(client.sendSequence, 1);
    const fresh = sides(flags).client.seal(list).ciphertext;
    assert.deepEqual(client.seal(list).ciphertext, fresh);
  });

  test("a token shorter than a signature is refused", () => {
    assert.equal(sides(SIGN).server.unwrap(Buffer.alloc(SIGNATURE_LENGTH - 1)), undefined);
  });
});
