/** An entry of the directory as the rest reads it: attributes without regard to case, values as text or bytes. */
import type { Entry as DriverEntry } from "ldapts";

export interface Entry {
  readonly dn: string;
  /** The first value. */
  text(attribute: string): string | undefined;
  texts(attribute: string): readonly string[];
  /** For attributes that are no text. */
  bytes(attribute: string): readonly Buffer[];
  /** Active Directory gave some of the values only: `memberOf;range=0-1499`, MS-ADTS 3.1.1.3.1.3.3. */
  isPartial(attribute: string): boolean;
}

export function entryFrom(driver: DriverEntry): Entry {
  const values = new Map<string, readonly (string | Buffer)[]>();
  for (const [name, value] of Object.entries(driver)) {
    if (name === "dn") continue;
    values.set(name.toLowerCase(), Array.isArray(value) ? value : [value]);
  }
  const texts = (attribute: string): string[] =>
    (values.get(attribute.toLowerCase()) ?? []).filter((value) => typeof value === "string");
  return {
    dn: driver.dn,
    text: (attribute) => texts(attribute)[0],
    texts,
    bytes: (attribute) => (values.get(attribute.toLowerCase()) ?? []).filter((value) => Buffer.isBuffer(value)),
    isPartial: (attribute) => [...values.keys()].some((name) => name.startsWith(`${attribute.toLowerCase()};range=`)),
  };
}
