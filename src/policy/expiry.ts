/** The days of exceptions: each applies until its last day ends, in UTC. */

const DAY = 86_400_000;

/** The moment, milliseconds since 1970, from which something no longer applies; undefined for what is no date. */
export function endOfDay(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const start = Date.parse(`${date}T00:00:00Z`);
  // 2026-02-30 is refused by some engines and a day in March to others.
  const isDate = Number.isFinite(start) && new Date(start).toISOString().startsWith(date);
  return isDate ? start + DAY : undefined;
}

/** Whole days after today: 0 on the last day, negative when it has expired. */
export function daysLeft(expires: string, now: number): number {
  return Math.floor(((endOfDay(expires) ?? 0) - 1) / DAY) - Math.floor(now / DAY);
}
