/** Which keys the schema knows at a path, and which of them a misspelt one was meant to be. */
import { jsonSchema, type JsonSchema } from "./json-schema.ts";
import type { Path } from "./problem.ts";

/** Keys allowed in the mapping at `path` of `data`. */
export function knownKeys(path: Path, data: unknown): readonly string[] {
  let schemas: readonly JsonSchema[] = [jsonSchema()];
  let value = data;
  for (const key of path) {
    schemas = schemas.flatMap((schema) => branches(schema, value)).flatMap((schema) => inner(schema, key));
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  const keys = schemas
    .flatMap((schema) => branches(schema, value))
    .flatMap(({ properties }) => Object.keys(properties ?? {}));
  return [...new Set(keys)];
}

function inner(schema: JsonSchema, key: string | number): JsonSchema[] {
  const next = typeof key === "number" ? schema.items : (schema.properties?.[key] ?? schema.additionalProperties);
  return typeof next === "object" ? [next] : [];
}

/** Of a union, the branches whose constant key (`type`, `method`) has the value's word; all where none fits. */
function branches(schema: JsonSchema, value: unknown): readonly JsonSchema[] {
  const all = schema.oneOf ?? schema.anyOf;
  if (all === undefined) return [schema];
  const record = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const fitting = all.filter(({ properties }) =>
    Object.entries(properties ?? {}).some(([key, { const: word }]) => word !== undefined && record[key] === word),
  );
  return fitting.length > 0 ? fitting : all;
}

/** The candidate within about a third of the word's letters; undefined where nothing is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.ceil(word.length / 3)) ? best.candidate : undefined;
}

/** Longer words are no slips of the finger, and comparing them would cost time. */
const WORD_LIMIT = 64;

/** Edits from `a` to `b`: insert, delete, replace, or swap two neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  if (a.length > WORD_LIMIT || b.length > WORD_LIMIT) return Infinity;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + same,
        swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, previous] = [previous, current];
  }
  return previous[b.length] ?? Infinity;
}
