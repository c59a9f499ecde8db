/** One account's line in the account file, found, changed and checked before it is written. */
import { joinLine, parseLine, splitLine, type LineFields } from "../../validators/file/account-line.ts";
import { editFile } from "../../validators/file/edit.ts";
import { isAccountLine } from "../../validators/file/store.ts";

/** Throws Error with a sentence for the user; the file is then as it was. */
export async function editAccount(
  path: string,
  name: string,
  change: (fields: LineFields) => LineFields,
): Promise<void> {
  await editFile(path, (lines) => {
    const index = existing(name, lines, path);
    const fields = splitLine(lines[index] ?? "");
    if (typeof fields === "string") throw new Error(`${path}:${index + 1}: ${fields}`);
    return lines.with(index, checkedLine(change(fields)));
  });
}

/** The same fields with these words in place of any there were; undefined: without the word. */
export function withExtra(fields: LineFields, words: readonly (readonly [string, string | undefined])[]): LineFields {
  const extra = new Map(fields.extra);
  for (const [key, value] of words) {
    if (value === undefined) extra.delete(key);
    else extra.set(key, value);
  }
  return { ...fields, extra };
}

/** Nothing is written that would be ignored when it is read. */
export function checkedLine(fields: LineFields): string {
  const line = joinLine(fields);
  const parsed = parseLine(line, 0);
  if (typeof parsed === "string") throw new Error(parsed);
  return line;
}

export function indexOf(name: string, lines: readonly string[]): number {
  return lines.findIndex((line) => isAccountLine(line) && line.split(":", 1)[0]?.toLowerCase() === name.toLowerCase());
}

/** Throws where there is none. */
export function existing(name: string, lines: readonly string[], path: string): number {
  const index = indexOf(name, lines);
  if (index < 0) throw new Error(`there is no ${name} in ${path}`);
  return index;
}
