/** How access tokens may be signed: what config.yaml can name and the oauth validator verifies. */

/** Signatures that a public key verifies (RFC 7518 section 3.1, RFC 8037). HMAC would make every verifier a forger. */
export const TOKEN_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];
