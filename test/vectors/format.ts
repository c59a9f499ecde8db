/** The vector files' own format: reading, and complaints when a file is something else. The file's `format` block explains each kind. */
import { readFileSync } from "node:fs";

export interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly source?: string;
  readonly name?: string;
  readonly variant?: string;
  readonly inputs: Values;
  readonly expect: Values;
  readonly messages?: Values;
  /** Of SPNEGO, in hex, with the side that sent them: "c" or "s". */
  readonly tokens?: readonly (readonly [string, string])[];
  readonly sealing?: readonly SealOperation[] | null;
  readonly sealingDatagram?: readonly SealOperation[] | null;
  readonly dummySignature?: string | null;
}

export type Values = Readonly<Record<string, unknown>>;

export interface SealOperation {
  readonly dir: "c2s" | "s2c";
  readonly op: "sign" | "seal";
  readonly plaintext: string;
  readonly ciphertext?: string | null;
  readonly signature: string;
}

/** The file cannot be read, or is no vector file. */
export class VectorFileError extends Error {
  override readonly name = "VectorFileError";
}

/** All vectors of a file. Throws VectorFileError. */
export function readVectors(path: string): readonly Vector[] {
  const file = parse(path);
  if (!isRecord(file) || !Array.isArray(file["vectors"])) throw new VectorFileError(`${path}: no "vectors" list`);
  return file["vectors"].map((vector: unknown, index) => {
    if (!isVector(vector)) {
      throw new VectorFileError(`${path}: vectors[${index}] needs an id, a kind, inputs and expect`);
    }
    return vector;
  });
}

/** A text of the vector, undefined where it has none. */
export function text(values: Values | undefined, name: string): string | undefined {
  const value = values?.[name];
  return typeof value === "string" ? value : undefined;
}

/** Bytes given in hex, undefined where the vector has none. */
export function bytes(values: Values | undefined, name: string): Buffer | undefined {
  const hex = text(values, name);
  return hex === undefined ? undefined : Buffer.from(hex, "hex");
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new VectorFileError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isVector(value: unknown): value is Vector {
  if (!isRecord(value)) return false;
  const hasTexts = typeof value["id"] === "string" && typeof value["kind"] === "string";
  return hasTexts && isRecord(value["expect"]) && (isRecord(value["inputs"]) || value["inputs"] === undefined);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
