/** DES(K, D) and DESL(K, D) of MS-NLMP section 6, for the LM hash and the version 1 responses. */
import { createCipheriv, createSecretKey } from "node:crypto";

/** DES in ECB mode with a 7-byte key over 8 bytes. */
export function des(key7: Uint8Array, data: Uint8Array): Buffer {
  const key = spreadKey(key7);
  // OpenSSL 3 has no single DES outside its legacy provider; triple DES with one key three times is the same function.
  // As bytes the key would take Node 24 five times as long.
  const thrice = createSecretKey(Buffer.concat([key, key, key]));
  const cipher = createCipheriv("des-ede3-ecb", thrice, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** Three DES encryptions of the 8 bytes with a 16-byte key padded to 21: the 24 bytes of a version 1 response. */
export function desl(key16: Uint8Array, data: Uint8Array): Buffer {
  const key21 = Buffer.alloc(21);
  key21.set(key16);
  return Buffer.concat([
    des(key21.subarray(0, 7), data),
    des(key21.subarray(7, 14), data),
    des(key21.subarray(14), data),
  ]);
}

/** 56 key bits into 8 bytes, seven to a byte in its high bits; DES ignores the parity bit below. */
function spreadKey(key7: Uint8Array): Buffer {
  const key8 = Buffer.alloc(8);
  for (let bit = 0; bit < 56; bit++) {
    const isSet = (key7[bit >> 3]! >> (7 - (bit & 7))) & 1;
    const to = Math.floor(bit / 7);
    key8[to]! |= isSet << (7 - (bit % 7));
  }
  return key8;
}
