/** SCRAM-SHA-256 (RFC 5802, RFC 7677) for the micro-benchmarks: a logon on the server, its bare HMAC chain, and one PBKDF2. */
import { pbkdf2Sync } from "node:crypto";
import type { KeysFound, Validator } from "../../src/core/validator.ts";
import { scramClient } from "../../src/sasl/client/scram.ts";
import type { Exchange } from "../../src/sasl/mechanism.ts";
import { scram } from "../../src/sasl/scram.ts";
import { deriveKeys, isProven, serverSignature, USUAL_ITERATIONS } from "../../src/scram/keys.ts";
import { here, hereAwaited, type Contestant } from "./measure.ts";

const NAME = "SCRAM-SHA-256";
const PASSWORD = "pencil";
const SALT = Buffer.from("0123456789abcdef");
/** Always the same nonce, so that one client's messages do for all logons. */
const SETTINGS = { nonce: () => Buffer.alloc(18, 1), decoySecret: Buffer.alloc(32, 2), plusOffered: false };
const VISIT = {
  id: "bench",
  protocol: "imap",
  listener: "bench",
  client: { address: "127.0.0.1", port: 1 },
  secure: true,
  channelBinding: undefined,
  tls: undefined,
} as const;

/** The server's logon first; then what it cannot do without; then what it must never do. */
export async function scramLogons(): Promise<readonly Contestant[]> {
  const keys = await deriveKeys(NAME, PASSWORD, { iterations: USUAL_ITERATIONS, salt: SALT });
  const identity = { user: "alice", mailbox: "alice", groups: [], attributes: {} };
  const found: KeysFound = { kind: "keys", keys: { [NAME]: keys }, verdict: { kind: "accepted", identity } };
  const judge: Validator & Required<Pick<Validator, "keys">> = {
    name: "bench",
    keys: { kinds: [NAME], find: () => Promise.resolve(found) },
  };
  const begin = (initial: Uint8Array): Exchange => scram(NAME, SETTINGS).exchange(initial, judge, VISIT);
  const said = await record(begin);
  const proof = Buffer.alloc(32, 3);
  const message = said.map((each) => Buffer.from(each).toString("latin1")).join(",");
  return [
    hereAwaited("Postern", () => replay(begin, said)),
    here("its HMAC chain: proof and signature", () => [
      isProven(NAME, keys, message, proof),
      serverSignature(NAME, keys, message),
    ]),
    here(`pbkdf2Sync, ${USUAL_ITERATIONS} iterations`, () =>
      pbkdf2Sync(PASSWORD, SALT, USUAL_ITERATIONS, 32, "sha256"),
    ),
  ];
}

/** What a client says in one logon. */
async function record(begin: (initial: Uint8Array) => Exchange): Promise<readonly Uint8Array[]> {
  const client = scramClient({ hash: "SHA-256", username: "alice", password: PASSWORD, nonce: "bench" });
  const said = [client.initial!];
  const exchange = begin(said[0]!);
  for (let step = await exchange.next(); !step.done; step = await exchange.next(said.at(-1)!)) {
    said.push(await client.next(step.value));
  }
  return said;
}

/** The same words again. Throws when they do not lead to the account. */
async function replay(begin: (initial: Uint8Array) => Exchange, said: readonly Uint8Array[]): Promise<void> {
  const exchange = begin(said[0]!);
  let step = await exchange.next();
  for (let at = 1; !step.done; at += 1) step = await exchange.next(said[at]!);
  if (step.value.verdict.kind !== "accepted") throw new Error("the right proof was refused");
}
