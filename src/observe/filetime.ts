/** FILETIME (MS-DTYP 2.3.3) in words: 100-nanosecond steps since 1601, in UTC; and the same words for any moment. */

export interface TimeInWords {
  /** ISO 8601, or "zero" and the like where it is no date. */
  readonly utc: string;
  /** Seconds that the message's clock is ahead of `now`; negative when behind. */
  readonly skewSeconds?: number;
  /** Both in one line. */
  readonly text: string;
}

export function describeTime(filetime: bigint, now?: Date): TimeInWords {
  if (filetime === 0n) return { utc: "zero", text: "zero" };
  return describeMoment(Number(filetime / 10_000n - EPOCH_MILLISECONDS), now);
}

/** `milliseconds` since 1970. */
export function describeMoment(milliseconds: number, now?: Date): TimeInWords {
  if (!(Math.abs(milliseconds) <= LAST_DATE)) return { utc: "beyond any date", text: "beyond any date" };
  const utc = new Date(milliseconds).toISOString();
  const readable = `${utc.slice(0, 10)} ${utc.slice(11, 19)} UTC`;
  if (!now) return { utc, text: readable };
  const skewSeconds = Math.round((milliseconds - now.getTime()) / 1000);
  return { utc, skewSeconds, text: `${readable} (${skewInWords(skewSeconds)})` };
}

/** A moment as a FILETIME. */
export function toFiletime(moment: Date): bigint {
  return (BigInt(moment.getTime()) + EPOCH_MILLISECONDS) * 10_000n;
}

function skewInWords(seconds: number): string {
  if (seconds === 0) return "now";
  const size = Math.abs(seconds);
  const [unit, name] = UNITS.find(([length]) => size >= length) ?? [1, "second"];
  const count = Math.round(size / unit);
  return `${count} ${name}${count === 1 ? "" : "s"} ${seconds > 0 ? "ahead" : "ago"}`;
}

const UNITS: readonly (readonly [number, string])[] = [
  [365.25 * 86400, "year"],
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** From 1601 to 1970. */
const EPOCH_MILLISECONDS = 11_644_473_600_000n;
/** The end of the year 9999: what is later has no four-digit year and is nobody's clock. */
const LAST_DATE = Date.UTC(10_000, 0) - 1;
