/** TLS channel bindings: `tls-server-end-point` of RFC 5929 section 4, and the MD5 that MsvAvChannelBindings carries. */
import { createHash } from "node:crypto";
import { readDer, type DerValue } from "./der.ts";
import { md5 } from "./md5.ts";

/**
 * The application data of the binding: the prefix and the certificate's hash. undefined where RFC 5929 defines none
 * (Ed25519 and Ed448 name no hash) or the certificate cannot be read.
 */
export function tlsServerEndPoint(certificateDer: Uint8Array): Buffer | undefined {
  const hash = endPointHashName(certificateDer);
  if (hash === undefined) return undefined;
  return Buffer.concat([PREFIX, createHash(hash).update(certificateDer).digest()]);
}

/** The 16 bytes of MsvAvChannelBindings: MD5 of a gss_channel_bindings_struct without addresses (RFC 4121 4.1.1.2). */
export function channelBindingHash(applicationData: Uint8Array): Buffer {
  const structure = Buffer.alloc(20);
  structure.writeUInt32LE(applicationData.length, 16);
  return md5(structure, applicationData);
}

/** The hash of the certificate's signature, in Node's spelling; MD5 and SHA-1 are replaced by SHA-256 (RFC 5929 4.1). */
export function endPointHashName(certificateDer: Uint8Array): string | undefined {
  const certificate = readDer(certificateDer)?.children;
  const algorithm = certificate?.[1]?.children;
  const oid = hex(algorithm?.[0]);
  if (oid !== RSASSA_PSS) return HASH_OF_SIGNATURE.get(oid);
  const parameters = algorithm?.[1]?.children ?? [];
  const hashAlgorithm = parameters.find((parameter) => parameter.tag === CONTEXT_0);
  // RFC 4055: the default is SHA-1, which counts as SHA-256 here.
  if (hashAlgorithm === undefined) return "sha256";
  return HASH_OF_DIGEST.get(hex(hashAlgorithm.children[0]?.children[0]));
}

function hex(value: DerValue | undefined): string {
  return value === undefined ? "" : Buffer.from(value.content).toString("hex");
}

const PREFIX = Buffer.from("tls-server-end-point:", "ascii");
const CONTEXT_0 = 0xa0;
const RSASSA_PSS = "2a864886f70d01010a";

/** Signature algorithms by their object identifiers in DER (RFC 3279, 4055, 5758, 8017; NIST's SHA-3 arc). */
const HASH_OF_SIGNATURE = new Map([
  ["2a864886f70d010104", "sha256"], // md5WithRSAEncryption
  ["2a864886f70d010105", "sha256"], // sha1WithRSAEncryption
  ["2a864886f70d01010e", "sha224"], // sha224WithRSAEncryption
  ["2a864886f70d01010b", "sha256"], // sha256WithRSAEncryption
  ["2a864886f70d01010c", "sha384"], // sha384WithRSAEncryption
  ["2a864886f70d01010d", "sha512"], // sha512WithRSAEncryption
  ["2a8648ce380403", "sha256"], // id-dsa-with-sha1
  ["608648016503040301", "sha224"], // id-dsa-with-sha224
  ["608648016503040302", "sha256"], // id-dsa-with-sha256
  ["2a8648ce3d0401", "sha256"], // ecdsa-with-SHA1
  ["2a8648ce3d040301", "sha224"], // ecdsa-with-SHA224
  ["2a8648ce3d040302", "sha256"], // ecdsa-with-SHA256
  ["2a8648ce3d040303", "sha384"], // ecdsa-with-SHA384
  ["2a8648ce3d040304", "sha512"], // ecdsa-with-SHA512
  ["60864801650304030a", "sha3-256"], // id-ecdsa-with-sha3-256
  ["60864801650304030b", "sha3-384"], // id-ecdsa-with-sha3-384
  ["60864801650304030c", "sha3-512"], // id-ecdsa-with-sha3-512
  ["60864801650304030e", "sha3-256"], // id-rsassa-pkcs1-v1_5-with-sha3-256
  ["60864801650304030f", "sha3-384"], // id-rsassa-pkcs1-v1_5-with-sha3-384
  ["608648016503040310", "sha3-512"], // id-rsassa-pkcs1-v1_5-with-sha3-512
]);

/** Digest algorithms in the parameters of RSASSA-PSS. */
const HASH_OF_DIGEST = new Map([
  ["2b0e03021a", "sha256"], // sha1
  ["608648016503040204", "sha224"],
  ["608648016503040201", "sha256"],
  ["608648016503040202", "sha384"],
  ["608648016503040203", "sha512"],
]);
