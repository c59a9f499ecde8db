/** A judge with a few accounts and their keys, and a way to let a client and a mechanism talk to each other. */
import { hash } from "node:crypto";
import type { StoredKeys } from "../../src/core/evidence.ts";
import { Secret } from "../../src/core/secret.ts";
import type { KeyJudge, Validator } from "../../src/core/validator.ts";
import type { Accepted, Denied } from "../../src/core/verdict.ts";
import type { Visit } from "../../src/core/visit.ts";
import type { ClientExchange } from "../../src/sasl/client/exchange.ts";
import { makeOffer, type Conclusion, type Mechanism, type Offer } from "../../src/sasl/mechanism.ts";
import type { ScramSettings } from "../../src/sasl/scram.ts";
import { deriveKeys } from "../../src/scram/keys.ts";
import { VISIT } from "../support/visit.ts";

export function accepted(user: string): Accepted {
  return { kind: "accepted", identity: { user, mailbox: user, groups: [], attributes: {} } };
}

const DISABLED: Denied = { kind: "denied", reason: "disabled", why: "disabled", user: "dave" };

export async function keysOf(password: string, salt = Buffer.from("0123456789abcdef")): Promise<StoredKeys> {
  const parameters = { iterations: 4096, salt };
  return {
    "SCRAM-SHA-256": await deriveKeys("SCRAM-SHA-256", password, parameters),
    "SCRAM-SHA-1": await deriveKeys("SCRAM-SHA-1", password, parameters),
    password: new Secret(password),
  };
}

/** alice and user have "pencil", dave is disabled, half has nothing for SCRAM, down cannot be looked up. */
export async function keysValidator(overrides: Partial<KeyJudge> = {}): Promise<Validator> {
  const keys = await keysOf("pencil");
  const accounts = new Map([
    ["alice", { kind: "keys", keys, verdict: accepted("alice") } as const],
    ["zoë", { kind: "keys", keys, verdict: accepted("zoë") } as const],
    ["a=b,c", { kind: "keys", keys, verdict: accepted("a=b,c") } as const],
    ["dave", { kind: "keys", keys, verdict: DISABLED } as const],
    ["half", { kind: "keys", keys: {}, verdict: accepted("half") } as const],
  ]);
  const find: KeyJudge["find"] = (username) => {
    if (username === "down") return Promise.resolve({ kind: "unavailable", why: "the directory is down" });
    return Promise.resolve(accounts.get(username.toLowerCase()) ?? { kind: "unknown", why: "nobody of this name" });
  };
  return { name: "users", keys: { kinds: ["SCRAM-SHA-256", "SCRAM-SHA-1", "password"], find, ...overrides } };
}

export const SETTINGS: ScramSettings = {
  nonce: counter(),
  decoySecret: hash("sha256", "decoys", "buffer"),
  plusOffered: true,
};

function counter(): () => Uint8Array {
  let count = 0;
  return () => hash("sha256", `nonce ${count++}`, "buffer").subarray(0, 18);
}

export const EXPORTED = hash("sha256", "exporter", "buffer");
export const END_POINT = hash("sha256", "certificate", "buffer");

/** A visit over TLS 1.3. */
export const BOUND: Visit = {
  ...VISIT,
  tls: { serverEndPoint: END_POINT, exporter: () => EXPORTED, clientCertificate: undefined },
};

export function offerOf(mechanism: Mechanism<"keys">, validator: Validator): Offer {
  const offer = makeOffer(mechanism, validator);
  if (offer === undefined) throw new Error(`no offer of ${mechanism.name}`);
  return offer;
}

export interface Talk {
  readonly conclusion: Conclusion;
  readonly challenges: readonly string[];
  /** What the client threw; it has then cancelled, or broken off where the exchange allows nothing else. */
  readonly error: unknown;
}

/** Lets both sides talk to the end. `tamper` sees every message on its way, both directions. */
export async function talk(
  offer: Offer,
  client: ClientExchange,
  visit: Visit = BOUND,
  tamper: (message: string, from: "client" | "server") => string = (message) => message,
): Promise<Talk> {
  const sent = (bytes: Uint8Array) => Buffer.from(tamper(Buffer.from(bytes).toString("latin1"), "client"), "latin1");
  const exchange = offer.begin(client.initial && sent(client.initial), visit);
  const challenges: string[] = [];
  let error: unknown;
  let step = await exchange.next();
  while (!step.done) {
    const challenge = tamper(Buffer.from(step.value).toString("latin1"), "server");
    challenges.push(challenge);
    const answer = await client
      .next(Buffer.from(challenge, "latin1"))
      .catch((thrown: unknown) => void (error = thrown));
    step = answer ? await exchange.next(sent(answer)) : await exchange.throw(error);
  }
  return { conclusion: step.value, challenges, error };
}

/** "accepted alice", "denied policy", "unknown". */
export function ending({ conclusion: { verdict } }: Pick<Talk, "conclusion">): string {
  if (verdict.kind === "accepted") return `accepted ${verdict.identity.user}`;
  return verdict.kind === "denied" ? `denied ${verdict.reason}` : verdict.kind;
}
