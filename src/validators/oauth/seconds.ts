/** NumericDate (RFC 7519 section 2) as servers write it. */

/** Google writes numbers as strings. undefined: no number. */
export function secondsOf(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
