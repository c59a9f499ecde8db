/** Dates of IMAP: `date` in SEARCH and `date-time` in APPEND and INTERNALDATE (RFC 3501 section 9), and a Date header's day. */
import { BadSyntax } from "./grammar.ts";

const MONTHS: readonly string[] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DATE = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/;
const DATE_TIME = /^([ \d]\d-[A-Za-z]{3}-\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;
const HEADER_DAY = /(\d{1,2}) +([A-Za-z]{3}) +(\d{4})/;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** `5-Jan-2026`, as the number of days since 1970. */
export function parseDay(text: string): number {
  const day = dayOf(DATE.exec(text));
  if (day === undefined) throw new BadSyntax("That is not a date");
  return day;
}

/** `" 5-Jan-2026 10:00:00 +0100"` without its quotes. */
export function parseDateTime(text: string): Date {
  const [, date = "", hours = "", minutes = "", seconds = "", sign = "", zoneHours = "", zoneMinutes = ""] =
    DATE_TIME.exec(text) ?? [];
  if (date === "") throw new BadSyntax("That is not a date and time");
  const local = parseDay(date.trim()) * DAY + (Number(hours) * 60 + Number(minutes)) * MINUTE + Number(seconds) * 1000;
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * MINUTE;
  return new Date(local + (sign === "+" ? -zone : zone));
}

/** INTERNALDATE in UTC, with its quotes. */
export function formatDateTime(date: Date): string {
  const [day, time] = date.toISOString().split(/[T.]/);
  const [year = "", month = "", dayOfMonth = ""] = (day ?? "").split("-");
  const name = MONTHS[Number(month) - 1] ?? "jan";
  return `"${dayOfMonth}-${name.charAt(0).toUpperCase()}${name.slice(1)}-${year} ${time ?? ""} +0000"`;
}

/** BEFORE, ON and SINCE look at the day and neither at the time nor the zone (RFC 3501 section 6.4.4). */
export function dayOfInternalDate(date: Date): number {
  return Math.floor(date.getTime() / DAY);
}

/** The day that a Date header names, in its own zone; undefined where it names none. */
export function dayOfHeader(value: string): number | undefined {
  return dayOf(HEADER_DAY.exec(value));
}

function dayOf(found: RegExpExecArray | null): number | undefined {
  if (found === null) return undefined;
  const [, day = "", month = "", year = ""] = found;
  const index = MONTHS.indexOf(month.toLowerCase());
  const date = Date.UTC(Number(year), index, Number(day));
  if (index < 0 || new Date(date).getUTCDate() !== Number(day)) return undefined;
  return date / DAY;
}
