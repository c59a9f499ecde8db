/** Moments as an account's words have them: a day, which begins at midnight UTC, or ISO 8601 with a zone. */

const FORM = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** `2026-12-31`, `2026-12-31T18:00Z`, `2026-12-31T18:00:00+02:00`; undefined for anything else. */
export function parseInstant(text: string): Date | undefined {
  const [, day = ""] = FORM.exec(text) ?? [];
  const [midnight, time] = [Date.parse(day), Date.parse(text)];
  if (Number.isNaN(midnight) || Number.isNaN(time)) return undefined;
  // Date turns the 31st of February into March.
  return new Date(midnight).toISOString().startsWith(day) ? new Date(time) : undefined;
}

/** The shortest form that parseInstant() reads. */
export function formatInstant(instant: Date): string {
  return instant
    .toISOString()
    .replace(/\.000Z$/, "Z")
    .replace(/:00Z$/, "Z")
    .replace(/T00:00Z$/, "");
}
