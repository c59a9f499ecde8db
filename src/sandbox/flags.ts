/** Message flags: the system flags and keywords of RFC 3501 section 2.3.2, in one spelling each. */

const SYSTEM_FLAGS: readonly string[] = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"];

/** Different keywords one mailbox remembers; Thunderbird's tags and junk marks need about ten. */
export const MAX_KEYWORDS = 64;

/** The flags of one mailbox: every spelling a client uses for one flag becomes the first one seen. */
export class FlagTable {
  readonly #spelling = new Map<string, string>(SYSTEM_FLAGS.map((flag) => [flag.toLowerCase(), flag]));

  /** Every flag the mailbox knows, for the FLAGS response. */
  get all(): readonly string[] {
    return [...this.#spelling.values()];
  }

  /**
   * The flags in their canonical spelling. \Recent and unknown `\` flags are not the client's to set and are left out
   * (RFC 3501 section 2.3.2). undefined when a new keyword would be one too many.
   */
  canonical(flags: Iterable<string>): ReadonlySet<string> | undefined {
    const result = new Set<string>();
    for (const flag of flags) {
      const known = this.#spelling.get(flag.toLowerCase());
      if (known !== undefined) result.add(known);
      else if (flag.startsWith("\\")) continue;
      else if (!this.#learn(flag)) return undefined;
      else result.add(flag);
    }
    return result;
  }

  #learn(keyword: string): boolean {
    if (this.#spelling.size >= SYSTEM_FLAGS.length + MAX_KEYWORDS) return false;
    this.#spelling.set(keyword.toLowerCase(), keyword);
    return true;
  }
}
