/** As much of DER (X.690) as finding a certificate's signature algorithm takes. */

export interface DerValue {
  /** The identifier octet. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Of constructed values; empty where a child is broken. */
  readonly children: readonly DerValue[];
}

/** The value at the start of the bytes; undefined where there is none. Only as deep as a signature algorithm goes. */
export function readDer(bytes: Uint8Array, depth = DEPTH): DerValue | undefined {
  return readAt(bytes, 0, depth)?.value;
}

function readAt(bytes: Uint8Array, at: number, depth: number): { value: DerValue; end: number } | undefined {
  const tag = bytes[at];
  const length = readLength(bytes, at + 1);
  if (tag === undefined || length === undefined) return undefined;
  const end = length.contentAt + length.length;
  if (end > bytes.length) return undefined;
  const content = bytes.subarray(length.contentAt, end);
  const isConstructed = (tag & 0x20) !== 0;
  return { value: { tag, content, children: isConstructed && depth > 0 ? readAll(content, depth - 1) : [] }, end };
}

function readAll(bytes: Uint8Array, depth: number): readonly DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = readAt(bytes, at, depth);
    if (next === undefined) return [];
    values.push(next.value);
    at = next.end;
  }
  return values;
}

function readLength(bytes: Uint8Array, at: number): { length: number; contentAt: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { length: first, contentAt: at + 1 };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4) return undefined;
  let length = 0;
  for (let i = 1; i <= octets; i++) length = length * 256 + (bytes[at + i] ?? 0);
  return { length, contentAt: at + 1 + octets };
}

/** certificate, signature algorithm, RSASSA-PSS parameters, [0], hash algorithm. */
const DEPTH = 5;
