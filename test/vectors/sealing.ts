/** Session security of a vector: the four keys, and every recorded signature and ciphertext in its order. */
import { NegotiateFlag } from "../../src/ntlm/flags.ts";
import { sealKey, SessionSecurity, signKey } from "../../src/ntlm/session-security.ts";
import type { Comparison } from "./comparison.ts";
import type { SealOperation, Vector } from "./format.ts";

export function checkKeys(key: Uint8Array, flags: number, comparison: Comparison): void {
  comparison.bytes("clientSignKey", signKey(key, flags, "client-to-server"));
  comparison.bytes("serverSignKey", signKey(key, flags, "server-to-client"));
  comparison.bytes("clientSealKey", sealKey(key, flags, "client-to-server"));
  comparison.bytes("serverSealKey", sealKey(key, flags, "server-to-client"));
}

export function checkSealing(vector: Vector, key: Uint8Array, flags: number, comparison: Comparison): void {
  const datagram = (flags | NegotiateFlag.NTLMSSP_NEGOTIATE_DATAGRAM) >>> 0;
  replay(vector.sealing ?? [], bothSides(key, flags), flags, comparison);
  replay(vector.sealingDatagram ?? [], bothSides(key, datagram), datagram, comparison);
  if (vector.dummySignature) {
    const dummy = bothSides(key, flags).server.sign(Buffer.from("any message"));
    comparison.check(dummy.toString("hex") === vector.dummySignature, `dummySignature: got ${dummy.toString("hex")}`);
  }
}

export interface Sides {
  readonly client: SessionSecurity;
  readonly server: SessionSecurity;
}

export function bothSides(key: Uint8Array, flags: number): Sides {
  return { client: new SessionSecurity(key, flags, "client"), server: new SessionSecurity(key, flags, "server") };
}

/** What one side makes is the recorded bytes, and the other side takes the recorded bytes, but not when they were changed. */
export function replay(
  operations: readonly SealOperation[],
  { client, server }: Sides,
  flags: number,
  comparison: Comparison,
): void {
  const isExtended = (flags & NegotiateFlag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) !== 0;
  operations.forEach((operation, index) => {
    const [from, to] = operation.dir === "c2s" ? [client, server] : [server, client];
    const plaintext = Buffer.from(operation.plaintext, "hex");
    const recorded = Buffer.from(operation.signature, "hex");
    const sealed = operation.op === "seal" ? from.seal(plaintext) : { signature: from.sign(plaintext) };
    const ciphertext = "ciphertext" in sealed ? sealed.ciphertext.toString("hex") : null;
    const where = `${operation.op} ${index}`;
    comparison.check(ciphertext === (operation.ciphertext ?? null), `${where}: ciphertext ${String(ciphertext)}`);
    const [got, wanted] = [meaningful(sealed.signature, isExtended), meaningful(recorded, isExtended)];
    comparison.check(got === wanted, `${where}: signature ${got}, expected ${wanted}`);
    const changed = Buffer.from(recorded);
    changed[8]! ^= 1;
    comparison.check(!isTaken(to, operation, changed), `${where}: a changed signature is taken`);
    comparison.check(isTaken(to, operation, recorded), `${where}: the other side refuses what was recorded`);
  });
}

function isTaken(side: SessionSecurity, { op, plaintext, ciphertext }: SealOperation, signature: Buffer): boolean {
  if (op === "sign") return side.verify(Buffer.from(plaintext, "hex"), signature);
  return side.unseal(Buffer.from(ciphertext ?? "", "hex"), signature)?.toString("hex") === plaintext;
}

/** Without extended session security bytes 4 to 7 are a pad that everybody fills differently. */
function meaningful(signature: Buffer, isExtended: boolean): string {
  const hex = signature.toString("hex");
  return isExtended ? hex : `${hex.slice(0, 8)}........${hex.slice(16)}`;
}
