/** Where in the text of a YAML document a path is: offsets from the parser's nodes, lines from its LineCounter. */
import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type LineCounter } from "yaml";
import type { Complaint, Problem } from "./problem.ts";

export interface Position {
  readonly line: number;
  readonly column: number;
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

export function locate(complaint: Complaint, file: string, document: Document, lines: LineCounter): Problem {
  return {
    file,
    ...positionAt(lines, offsetOf(complaint, document)),
    path: complaint.path.join("."),
    message: complaint.message,
    remedy: complaint.remedy ?? "",
    severity: complaint.severity ?? "error",
  };
}

/** The value's place; the key's where the key is meant or the value is empty; the nearest one above where it is missing. */
function offsetOf({ path, onKey }: Complaint, document: Document): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, key] of path.entries()) {
    const step = stepInto(resolve(node, document), key);
    if (step === undefined) return offset;
    const isLast = depth === path.length - 1;
    const value = onKey === true && isLast ? undefined : isCollection(step.value) ? undefined : startOf(step.value);
    offset = value ?? step.offset ?? offset;
    node = step.value;
  }
  return offset;
}

function resolve(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function stepInto(node: unknown, key: string | number): { value: unknown; offset: number | undefined } | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(key)];
    return value === undefined ? undefined : { value, offset: isNode(value) ? value.range?.[0] : undefined };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(key));
  return pair && { value: pair.value, offset: startOf(pair.key) };
}

/** A map or list starts a line later, where nobody would look for a fault in the whole of it: its key is pointed at. */
function isCollection(node: unknown): boolean {
  return isMap(node) || isSeq(node);
}

function startOf(node: unknown): number | undefined {
  if (!isNode(node) || !node.range) return undefined;
  const isEmpty = isScalar(node) && node.value === null && node.range[0] === node.range[1];
  return isEmpty ? undefined : node.range[0];
}
