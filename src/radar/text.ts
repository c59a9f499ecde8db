/** The radar's report for people: a table, the answer to "who would break if", and what it cannot know. */
import { consequencesOf, counted, limitsOf, minute, tally, type Report, type Row } from "./report.ts";

const DAY = 86_400_000;

export function asText(report: Report): string {
  const parts = [watchedInWords(report), logonsInWords(report), failuresInWords(report), limitsInWords(report)];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function watchedInWords({ snapshot, filters }: Report): string[] {
  const { since, watched, savedAt } = snapshot;
  const filter = [
    ...(filters.since === undefined ? [] : [`seen since ${minute(filters.since)}`]),
    ...(filters.listeners?.length ? [`listener ${filters.listeners.join(" or ")}`] : []),
    ...(filters.users?.length ? [`user ${filters.users.join(" or ")}`] : []),
  ];
  return [
    `Watching since ${minute(since)}: ${days(savedAt - since)} days, of which Postern ran ${days(watched)}. As of ${minute(savedAt)}.`,
    ...(filter.length > 0 ? [`Only ${filter.join(", ")}.`] : []),
  ];
}

function days(milliseconds: number): string {
  return (Math.max(0, milliseconds) / DAY).toFixed(1);
}

function logonsInWords(report: Report): string[] {
  const { rows, assumptions } = report;
  if (assumptions.length === 0) {
    const { users, ways, logons } = tally(rows);
    const title = `${counted(logons, "NTLM logon")} of ${counted(users, "user")}, ${counted(ways, "row")}:`;
    return rows.length === 0 ? ["No NTLM logon was accepted."] : [title, ...table(rows.map(describe))];
  }
  const touched = rows.filter(({ judgement }) => judgement?.fate !== "works");
  return [...verdict(report), ...(touched.length > 0 ? ["", ...table(touched.map(describe))] : [])];
}

function verdict(report: Report): string[] {
  const { all, breaks, mightBreak, lockedOut } = consequencesOf(report);
  const assumed = report.assumptions.map(({ rule, value }) => `${rule}=${value}`).join(" and ");
  const whole = `of ${counted(all.users, "user")}`;
  if (breaks.ways + mightBreak.ways === 0) return [`If ${assumed}: nobody ${whole} would break.`];
  const shares = (part: typeof all): string =>
    `${part.users} ${whole}, ${part.ways} of ${counted(all.ways, "row")}, ${part.logons} of ${counted(all.logons, "logon")}`;
  return [
    `If ${assumed}:`,
    `  would break: ${shares(breaks)}`,
    ...(breaks.users > 0 ? [`  with every row of theirs: ${counted(lockedOut, "user")}`] : []),
    ...(mightBreak.ways > 0 ? [`  might break: ${shares(mightBreak)}`] : []),
  ];
}

function failuresInWords({ failed }: Report): string[] {
  if (failed.length === 0) return [];
  const rows = failed.map(({ entry }) => ({
    FROM: entry.from,
    LISTENER: entry.listener,
    "NAME OF": entry.user === "" ? "a stranger" : entry.user,
    VERSION: entry.scheme === "" ? "not known" : entry.scheme,
    CLIENT: clientInWords(entry),
    "REFUSED BY": entry.refusedBy === "" ? "-" : entry.refusedBy,
    FAILED: String(entry.failures),
    "LAST SEEN": minute(entry.lastSeen),
  }));
  return ["Failed logons, by whom is not known:", ...table(rows)];
}

function limitsInWords(report: Report): string[] {
  return ["What this cannot know:", ...limitsOf(report).map((sentence) => `- ${sentence}`)];
}

function describe({ entry, risk, judgement }: Row): Readonly<Record<string, string>> {
  return {
    ...(judgement && { FATE: judgement.fate, WHY: judgement.why.join(", ") }),
    RISK: risk,
    USER: userInWords(entry),
    FROM: entry.from,
    LISTENER: entry.listener,
    TLS: entry.tls ? "yes" : "no",
    VERSION: entry.scheme === "" ? "not known" : entry.scheme,
    MIC: entry.mic,
    BINDING: entry.channelBinding,
    TARGET: entry.hasTarget ? entry.target : "-",
    CLIENT: clientInWords(entry),
    EXCEPTION: entry.exception === "" ? "-" : entry.exception,
    LOGONS: String(entry.successes),
    FAILED: String(entry.failures),
    "LAST SEEN": minute(entry.lastSeen),
  };
}

function userInWords({ user, sentUser, sentDomain }: Row["entry"]): string {
  const sent = sentDomain === "" ? sentUser : `${sentDomain}\\${sentUser}`;
  return sent === user ? user : `${user} (${sent})`;
}

function clientInWords({ client, confidence }: Row["entry"]): string {
  return confidence === "possible" ? `${client}?` : client;
}

/** Columns as wide as their widest cell, two blanks between them. */
function table(rows: readonly Readonly<Record<string, string>>[]): string[] {
  const titles = Object.keys(rows[0] ?? {});
  const lines = [titles, ...rows.map((row) => titles.map((title) => row[title] ?? ""))];
  const widths = titles.map((_, column) => lines.reduce((widest, cells) => Math.max(widest, cells[column]!.length), 0));
  return lines.map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd());
}
