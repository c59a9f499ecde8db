/** The guard's answers for people. */
import type { Answer } from "../../guard/control.ts";
import type { Lock } from "../../guard/locks.ts";
import { printable } from "../../observe/printable.ts";

export function asText(answer: Exclude<Answer, { error: string }>): string {
  if ("unlocked" in answer)
    return answer.unlocked === 0 ? "nothing was counted there\n" : `forgotten: ${answer.unlocked}\n`;
  if (answer.locks.length === 0) return "nobody is locked or has to wait\n";
  const rows = [["what", "who", "validator", "failures", "locked for"], ...answer.locks.map(cells)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function cells({ kind, name, validator = "", failures, lockedFor }: Lock): string[] {
  return [kind, printable(name), validator, String(failures), lockedFor === 0 ? "-, has to wait" : spanOf(lockedFor)];
}

function spanOf(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}
