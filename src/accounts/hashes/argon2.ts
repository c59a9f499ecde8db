/** {ARGON2ID} and {ARGON2I}: RFC 9106 in the PHC string format, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
import { randomBytes } from "node:crypto";
import { argon2i, argon2id } from "hash-wasm";
import { isSame, type HashScheme } from "./scheme.ts";

/** Measured with hash-wasm on a slow core: 19 MiB, two passes in 0.1 s. */
const KIB_PER_SECOND = 400_000;

/** OWASP's first choice for argon2id (Password Storage Cheat Sheet). */
const ADVISED = { memorySize: 19_456, iterations: 2, parallelism: 1, hashLength: 32 };
const SALT_LENGTH = 16;

const FORM =
  /^\$(argon2id?)\$v=19\$m=(\d{1,8}),t=(\d{1,6}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,171})$/;

function parse(text: string) {
  const [, variant, memory, iterations, parallelism, salt, hash] = FORM.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const parameters = { memorySize: Number(memory), iterations: Number(iterations), parallelism: Number(parallelism) };
  // RFC 9106 section 3.1: at least 8 KiB of memory for each lane.
  const { memorySize, iterations: passes, parallelism: lanes } = parameters;
  if (passes < 1 || lanes < 1 || memorySize < 8 * lanes) return undefined;
  return { variant, parameters, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

function scheme(variant: "argon2id" | "argon2i"): HashScheme {
  const compute = variant === "argon2id" ? argon2id : argon2i;
  return {
    name: variant.toUpperCase(),
    cost(text) {
      const parsed = parse(text);
      if (parsed?.variant !== variant) return undefined;
      const { memorySize, iterations } = parsed.parameters;
      return { bytes: memorySize * 1024, seconds: (memorySize * iterations) / KIB_PER_SECOND };
    },
    async verify(text, password) {
      const parsed = parse(text);
      if (parsed === undefined) return false;
      const { parameters, salt, hash } = parsed;
      const computed = await compute({ ...parameters, password, salt, hashLength: hash.length, outputType: "binary" });
      return isSame(computed, hash);
    },
    make: (password) =>
      compute({ ...ADVISED, password, salt: randomBytes(SALT_LENGTH), outputType: "encoded" }).then(
        (encoded) => encoded,
      ),
  };
}

export const argon2idScheme = scheme("argon2id");
export const argon2iScheme = scheme("argon2i");
