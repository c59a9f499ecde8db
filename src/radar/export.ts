/** The radar's report for programs: JSON, and CSV (RFC 4180) that is safe to open in a spreadsheet. */
import { consequencesOf, iso, limitsOf, type Report, type Row } from "./report.ts";

export function asJson(report: Report): string {
  const { snapshot, filters, assumptions, rows, failed } = report;
  const { since, watched, savedAt, dropped } = snapshot;
  const what = {
    watching: { since: iso(since), watchedSeconds: Math.round(watched / 1000), asOf: iso(savedAt) },
    dropped: { rows: dropped.entries, ...(dropped.entries > 0 && { lastSeen: iso(dropped.lastSeen) }) },
    filters: { ...filters, ...(filters.since !== undefined && { since: iso(filters.since) }) },
    ...(assumptions.length > 0 && {
      if: Object.fromEntries(assumptions.map(({ rule, value }) => [rule, value])),
      consequences: consequencesOf(report),
    }),
    logons: rows.map(fieldsOf),
    failed: failed.map(fieldsOf),
    cannotKnow: limitsOf(report),
  };
  return `${JSON.stringify(what, undefined, 2)}\n`;
}

function fieldsOf({ entry, risk, judgement }: Row) {
  const { hasTarget, target, firstSeen, lastSeen, negotiateFlags, authenticateFlags, ...rest } = entry;
  return {
    risk,
    ...(judgement && { fate: judgement.fate, why: judgement.why }),
    ...rest,
    target: hasTarget ? target : "",
    negotiateFlags: hex(negotiateFlags),
    authenticateFlags: hex(authenticateFlags),
    firstSeen: iso(firstSeen),
    lastSeen: iso(lastSeen),
  };
}

function hex(flags: number): string {
  return `0x${flags.toString(16).padStart(8, "0")}`;
}

type Field = keyof ReturnType<typeof fieldsOf>;

const COLUMNS: readonly Field[] = [
  ...(["risk", "user", "sentUser", "sentDomain", "from", "protocol", "listener", "mechanism", "tls"] as const),
  ...([
    "scheme",
    "mic",
    "channelBinding",
    "target",
    "client",
    "confidence",
    "exception",
    "workstation",
    "version",
  ] as const),
  ...(["negotiateFlags", "authenticateFlags", "refusedBy", "successes", "failures", "firstSeen", "lastSeen"] as const),
];

/** One line for each row, accepted logons (`kind` is "logon") before failed ones; under assumptions with fate and reason. */
export function asCsv({ rows, failed, assumptions }: Report): string {
  const judged: readonly Field[] = assumptions.length > 0 ? ["fate", "why"] : [];
  const columns = [...judged, ...COLUMNS];
  const line = (kind: string) => (row: Row) => {
    const fields: Partial<Record<Field, unknown>> = fieldsOf(row);
    return [kind, ...columns.map((column) => inCell(fields[column]))];
  };
  const lines = [["kind", ...columns], ...rows.map(line("logon")), ...failed.map(line("failed"))];
  return lines.map((cells) => `${cells.map(quoted).join(",")}\r\n`).join("");
}

function inCell(value: unknown): string {
  return value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value);
}

/** A cell that begins so is a formula to spreadsheets, some of which trim blanks first or read the wide forms too. */
const FORMULA = /^\s*[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/;

/** An apostrophe in front keeps a formula text. */
function quoted(cell: string): string {
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /["',\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
