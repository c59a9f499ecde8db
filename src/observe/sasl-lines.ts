/** The description of a SASL message as lines for a terminal: a line for each field, with its place. */
import { printable } from "./printable.ts";
import type { FieldInWords, SaslDescription } from "./message-words.ts";

/** Control characters in values are escaped, so nothing can play with the terminal. */
export function formatSasl({ message, length, fields, notes = [], problem }: SaslDescription): string[] {
  const width = Math.max(0, ...fields.map(({ name }) => name.length));
  return [
    printable(`${message}, ${length} bytes`),
    ...(problem === undefined ? [] : [`  ${printable(`problem: ${problem}`)}`]),
    ...fields.map((field) => line(field, width)),
    ...notes.map((note) => `  ${printable(note)}`),
  ];
}

function line({ name, text, meaning, offset, length }: FieldInWords, width: number): string {
  const value = text === "" ? "(empty)" : text;
  const explained = meaning === undefined ? value : `${value}  (${meaning})`;
  const place = `${length} bytes at ${offset}`;
  return printable(`  ${name.padEnd(width)}  ${place.padStart(PLACE_WIDTH)}  ${explained}`);
}

/** "1234 bytes at 1234". */
const PLACE_WIDTH = 18;
