/** Vectors of kind "spnego": recorded tokens around an NTLM exchange, taken apart, made again, and judged by both sides. */
import { acceptorSecurity } from "../../src/ntlm/acceptor-security.ts";
import { adoptChallenge } from "../../src/ntlm/acceptor.ts";
import { joinFlags, NegotiateFlag } from "../../src/ntlm/flags.ts";
import { SpnegoAcceptor } from "../../src/ntlm/spnego/acceptor.ts";
import {
  decodeNegotiationToken,
  encodeMechTypeList,
  encodeNegTokenInit,
  encodeNegTokenInit2,
  encodeNegTokenResp,
  type NegTokenInit,
  type NegTokenResp,
} from "../../src/ntlm/spnego/tokens.ts";
import type { Comparison } from "./comparison.ts";
import { checkExchange } from "./exchange.ts";
import { bytes, text, type Vector } from "./format.ts";
import { bothSides, replay, type Sides } from "./sealing.ts";

interface Token {
  readonly side: string;
  readonly bytes: Buffer;
  readonly decoded: NegTokenInit | NegTokenResp;
}

export function checkSpnego(vector: Vector, comparison: Comparison): void {
  const tokens = (vector.tokens ?? []).map(([side, hex]): Token => {
    const token = Buffer.from(hex, "hex");
    return { side, bytes: token, decoded: decodeNegotiationToken(token) };
  });
  for (const token of tokens) checkEncoding(token, comparison);
  comparison.value(
    "negStates",
    tokens.map(({ decoded }) => (decoded.kind === "NegTokenResp" ? (decoded.negState ?? null) : null)),
  );
  // Who spoke first only offered: what the client answers with is the exchange.
  const exchange = tokens[0]?.side === "s" ? tokens.slice(1) : tokens;
  const [init, challenge, answer, last] = exchange;
  if (!init || !challenge || !answer || !last) return comparison.fail("not four tokens");
  const messages = { negotiate: messageIn(init), challenge: messageIn(challenge), authenticate: messageIn(answer) };
  checkExchange({ ...vector, sealing: null, messages: mapValues(messages) }, comparison);
  checkMechListMic(vector, { init, answer, last }, comparison);
  checkAcceptor(vector, { init, challenge, answer, last }, messages, comparison);
}

/** What was read is written again, byte by byte. */
function checkEncoding({ side, bytes: received, decoded }: Token, comparison: Comparison): void {
  const written = encodeAgain(side, decoded);
  comparison.check(written.equals(received), `written again as ${written.toString("hex")}`);
}

function encodeAgain(side: string, decoded: NegTokenInit | NegTokenResp): Buffer {
  if (decoded.kind === "NegTokenResp") return encodeNegTokenResp(decoded);
  const { mechTypes, mechToken } = decoded;
  return side === "s" ? encodeNegTokenInit2(mechTypes) : encodeNegTokenInit(mechTypes, mechToken);
}

type Recorded = Record<"init" | "answer" | "last", Token>;

function checkMechListMic(vector: Vector, { init, answer, last }: Recorded, comparison: Comparison): void {
  const list = init.decoded.kind === "NegTokenInit" ? init.decoded : undefined;
  comparison.bytes("mechTypeListDer", list?.mechTypeList);
  comparison.check(
    list !== undefined && encodeMechTypeList(list.mechTypes).equals(list.mechTypeList),
    "the list of mechanisms is not encoded as received",
  );
  comparison.bytes("clientMechListMIC", answer.decoded.mechListMIC);
  comparison.bytes("serverMechListMIC", last.decoded.mechListMIC);
  const sides = signedSides(vector, list?.mechTypeList ?? Buffer.alloc(0), comparison);
  comparison.value("firstApplicationSeqNum", sides.client.sendSequence);
  comparison.check(sides.server.receiveSequence === sides.client.sendSequence, "the sides count differently");
  // Only with the key streams back at their start are the application's messages the recorded ones.
  comparison.value("rc4StateResetAfterMic", true);
  replay(vector.sealing ?? [], sides, flagsOf(vector), comparison);
}

/** Both sides after each has signed the list and checked the other's signature. */
function signedSides(vector: Vector, list: Buffer, comparison: Comparison): Sides {
  const key = bytes(vector.expect, "exportedSessionKey") ?? Buffer.alloc(16);
  // Where SIGN was not agreed the vectors say what the signature would have been, and nobody sent one.
  const sides = bothSides(key, joinFlags(flagsOf(vector), NegotiateFlag.NTLMSSP_NEGOTIATE_SIGN));
  const clientMic = sides.client.signMechTypeList(list);
  const serverMic = sides.server.signMechTypeList(list);
  comparison.bytes("mechListMicComputedClient", clientMic);
  comparison.bytes("mechListMicComputedServer", serverMic);
  comparison.check(sides.server.verifyMechTypeList(list, clientMic), "the client's mechListMIC is refused");
  comparison.check(sides.client.verifyMechTypeList(list, serverMic), "the server's mechListMIC is refused");
  return sides;
}

/** Our acceptor takes the client's tokens and says what the recorded server said. */
function checkAcceptor(
  vector: Vector,
  { init, challenge, answer, last }: Recorded & { readonly challenge: Token },
  messages: Readonly<Record<"negotiate" | "challenge" | "authenticate", Buffer>>,
  comparison: Comparison,
): void {
  const spnego = new SpnegoAcceptor();
  const begun = spnego.receive(init.bytes);
  comparison.check(begun.kind === "mechanism" && messages.negotiate.equals(begun.message), "another NEGOTIATE_MESSAGE");
  comparison.check(spnego.challenge(messages.challenge).equals(challenge.bytes), "another token for the challenge");
  const answered = spnego.receive(answer.bytes);
  comparison.check(
    answered.kind === "mechanism" && messages.authenticate.equals(answered.message),
    "another AUTHENTICATE_MESSAGE",
  );
  const pending = adoptChallenge(messages.negotiate, messages.challenge);
  const key = bytes(vector.expect, "sessionBaseKey") ?? Buffer.alloc(16);
  const security = acceptorSecurity(pending, messages.authenticate, key, "NTLMv2");
  const completed = spnego.complete(security);
  comparison.check(completed.equals(last.bytes), `another last token: ${completed.toString("hex")}`);
}

function messageIn({ decoded }: Token): Buffer {
  return (decoded.kind === "NegTokenInit" ? decoded.mechToken : decoded.responseToken) ?? Buffer.alloc(0);
}

function mapValues(messages: Readonly<Record<string, Buffer>>): Record<string, string> {
  return Object.fromEntries(Object.entries(messages).map(([name, message]) => [name, message.toString("hex")]));
}

function flagsOf(vector: Vector): number {
  return Number(text(vector.expect, "flags"));
}
