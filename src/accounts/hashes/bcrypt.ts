/** {BLF-CRYPT}: bcrypt as `$2b$12$` with 22 characters of salt and 31 of hash; `$2a$` and `$2y$` are the same today. */
import { randomBytes } from "node:crypto";
import { bcrypt, bcryptVerify } from "hash-wasm";
import type { HashScheme } from "./scheme.ts";

const FORM = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** Measured with hash-wasm on a slow core: cost 10 in 0.1 s; each step doubles it. */
const SECONDS_AT_COST_10 = 0.1;
const ADVISED_COST = 12;
/** bcrypt uses no more of a password: crypt(3) cuts it there without a word, and so must we to agree with it. */
const PASSWORD_BYTES = 72;

function significant(password: string): Uint8Array {
  return Buffer.from(password, "utf8").subarray(0, PASSWORD_BYTES);
}

export const bcryptScheme: HashScheme = {
  name: "BLF-CRYPT",
  cost(text) {
    const cost = Number(FORM.exec(text)?.[1] ?? NaN);
    return cost >= 4 && cost <= 31 ? { bytes: 8192, seconds: SECONDS_AT_COST_10 * 2 ** (cost - 10) } : undefined;
  },
  verify: (text, password) => bcryptVerify({ password: significant(password), hash: `$2a$${text.slice(4)}` }),
  async make(password) {
    const salt = randomBytes(16);
    const encoded = await bcrypt({
      password: significant(password),
      salt,
      costFactor: ADVISED_COST,
      outputType: "encoded",
    });
    return `$2b$${encoded.slice(4)}`;
  },
};
