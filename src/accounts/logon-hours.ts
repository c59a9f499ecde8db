/**
 * Logon hours in words, as bits and back: `mon-fri/08-18,sat` is 8:00 to 18:00 UTC from Monday to Friday, and all of Saturday.
 * The bits are those of MS-ADA1 2.376: 21 bytes, bit 0 of byte 0 is Sunday 0:00 to 1:00.
 */

const BYTES = 21;
const HOURS = 168;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
/** Weeks are written from Monday on. */
const WRITTEN = [1, 2, 3, 4, 5, 6, 0] as const;

/**
 * 42 hexadecimal digits, `never`, or days with hours: a range of days may go over Sunday, one of hours over midnight.
 * undefined for anything else.
 */
export function parseLogonHours(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{42}$/i.test(text)) return new Uint8Array(Buffer.from(text, "hex"));
  const bits = new Uint8Array(BYTES);
  if (text === "never") return bits;
  for (const part of text.split(",")) if (!allow(part, bits)) return undefined;
  return bits;
}

function allow(part: string, bits: Uint8Array): boolean {
  const [, first = "", last = first, from = "00", to = "24"] =
    /^([a-z]{3})(?:-([a-z]{3}))?(?:\/(\d{2})-(\d{2}))?$/.exec(part) ?? [];
  const days = [first, last].map((name) => DAYS.findIndex((day) => day === name)) as [number, number];
  const [begin, end] = [Number(from), Number(to)];
  if (days.includes(-1) || begin > 23 || end > 24 || begin === end) return false;
  const length = (end - begin + 24) % 24 || 24;
  for (let day = days[0], left = ((days[1] - days[0] + 7) % 7) + 1; left > 0; day++, left--)
    for (let hour = day * 24 + begin; hour < day * 24 + begin + length; hour++) setBit(bits, hour % HOURS);
  return true;
}

function setBit(bits: Uint8Array, hour: number): void {
  bits[hour >> 3]! |= 1 << (hour & 7);
}

/** The words that parseLogonHours() reads; bits of any other length allow nothing. */
export function formatLogonHours(bits: Uint8Array): string {
  const perDay = WRITTEN.map((day) => hoursOf(bits, day));
  const parts: string[] = [];
  for (let first = 0, next = 1; first < perDay.length; first = next++) {
    while (next < perDay.length && perDay[next]!.join() === perDay[first]!.join()) next++;
    const days = [first, next - 1].map((index) => DAYS[WRITTEN[index]!]);
    const name = [...new Set(days)].join("-");
    parts.push(...perDay[first]!.map((hours) => (hours === "00-24" ? name : `${name}/${hours}`)));
  }
  return parts.length === 0 ? "never" : parts.join(",");
}

/** "08-12", "13-18". */
function hoursOf(bits: Uint8Array, day: number): string[] {
  const ranges: string[] = [];
  const isAllowed = (hour: number) => hour < 24 && isLogonHour(bits, day * 24 + hour);
  for (let begin = 0, end = 1; begin < 24; begin = end++) {
    if (!isAllowed(begin)) continue;
    while (isAllowed(end)) end++;
    ranges.push([begin, end].map((hour) => String(hour).padStart(2, "0")).join("-"));
  }
  return ranges;
}

/** `hour` of the week, from 0: Sunday 0:00 to 1:00. All zero, or a length that no such attribute has: never. */
export function isLogonHour(bits: Uint8Array, hour: number): boolean {
  const byte = bits.length === BYTES ? bits[hour >> 3]! : 0;
  return (byte & (1 << (hour & 7))) !== 0;
}
