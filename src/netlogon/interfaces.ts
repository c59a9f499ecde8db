/** The RPC interfaces that are called, as bind and the endpoint mapper name them: p_syntax_id_t of C706 12.6.3.1. */

/** UUID (first three fields little-endian) and version, 20 bytes. */
export type SyntaxId = Buffer;

/** MS-NRPC 2.1: 12345678-1234-ABCD-EF00-01234567CFFB, version 1.0. */
export const NETLOGON: SyntaxId = Buffer.from("785634123412cdabef0001234567cffb01000000", "hex");
/** C706 appendix O: e1af8308-5d1f-11c9-91a4-08002b14a0fa, version 3.0. */
export const ENDPOINT_MAPPER: SyntaxId = Buffer.from("0883afe11f5dc91191a408002b14a0fa03000000", "hex");
/** C706 appendix I: 8a885d04-1ceb-11c9-9fe8-08002b104860, version 2.0. */
export const NDR: SyntaxId = Buffer.from("045d888aeb1cc9119fe808002b10486002000000", "hex");
