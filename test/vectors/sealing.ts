/** Session security of a vector: the four keys, and every recorded signature and ciphertext in its order. */
import { NegotiateFlag } from "../../src/ntlm/flags.ts";
import { sealKey, sessionSecurity, signKey, type Direction } from "../../src/ntlm/session-security.ts";
import type { Comparison } from "./comparison.ts";
import type { SealOperation, Vector } from "./format.ts";

export function checkKeys(key: Uint8Array, flags: number, comparison: Comparison): void {
  comparison.bytes("clientSignKey", signKey(key, flags, "client-to-server"));
  comparison.bytes("serverSignKey", signKey(key, flags, "server-to-client"));
  comparison.bytes("clientSealKey", sealKey(key, flags, "client-to-server"));
  comparison.bytes("serverSealKey", sealKey(key, flags, "server-to-client"));
}

export function checkSealing(vector: Vector, key: Uint8Array, flags: number, comparison: Comparison): void {
  replay(vector.sealing ?? [], key, flags, comparison);
  replay(vector.sealingDatagram ?? [], key, (flags | NegotiateFlag.NTLMSSP_NEGOTIATE_DATAGRAM) >>> 0, comparison);
  if (vector.dummySignature) {
    const dummy = sessionSecurity(key, flags)["server-to-client"].sign(Buffer.from("any message"));
    comparison.check(dummy.toString("hex") === vector.dummySignature, `dummySignature: got ${dummy.toString("hex")}`);
  }
}

function replay(operations: readonly SealOperation[], key: Uint8Array, flags: number, comparison: Comparison): void {
  const security = sessionSecurity(key, flags);
  const isExtended = (flags & NegotiateFlag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) !== 0;
  operations.forEach((operation, index) => {
    const sealer = security[DIRECTION[operation.dir]];
    const plaintext = Buffer.from(operation.plaintext, "hex");
    const sealed = operation.op === "seal" ? sealer.seal(plaintext) : { signature: sealer.sign(plaintext) };
    const ciphertext = "ciphertext" in sealed ? sealed.ciphertext.toString("hex") : null;
    const where = `${operation.op} ${index}`;
    comparison.check(ciphertext === (operation.ciphertext ?? null), `${where}: ciphertext ${String(ciphertext)}`);
    const [got, wanted] = [
      meaningful(sealed.signature, isExtended),
      meaningful(Buffer.from(operation.signature, "hex"), isExtended),
    ];
    comparison.check(got === wanted, `${where}: signature ${got}, expected ${wanted}`);
  });
}

/** Without extended session security bytes 4 to 7 are a pad that everybody fills differently. */
function meaningful(signature: Buffer, isExtended: boolean): string {
  const hex = signature.toString("hex");
  return isExtended ? hex : `${hex.slice(0, 8)}........${hex.slice(16)}`;
}

const DIRECTION: Readonly<Record<SealOperation["dir"], Direction>> = {
  c2s: "client-to-server",
  s2c: "server-to-client",
};
