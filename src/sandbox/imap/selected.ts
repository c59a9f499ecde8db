/** A selected mailbox as one session sees it: message sequence numbers and the news it has not been told (RFC 3501, 5.2 and 7). */
import type { Mailbox, StoredMessage } from "../mailbox.ts";
import { highestNamed, membership, type NumberSet } from "./number-set.ts";
import { BadSyntax } from "./grammar.ts";

export interface Entry {
  readonly message: StoredMessage;
  /** \Recent belongs to the session, not to the message (RFC 3501 section 2.3.2). */
  readonly recent: boolean;
  /** The revision of the flags that the client knows. */
  told: number;
}

export interface Numbered {
  readonly sequence: number;
  readonly entry: Entry;
}

/** Entries kept for a client that is told of new mail but, by its choice of commands, never of expunged mail. */
const MAX_ENTRIES = 20_000;

export class Selected {
  readonly mailbox: Mailbox;
  readonly readOnly: boolean;
  #entries: Entry[] = [];
  #knownUid = 0;
  #knownRevision = -1;
  #knownFlags: number;

  constructor(mailbox: Mailbox, readOnly: boolean) {
    this.mailbox = mailbox;
    this.readOnly = readOnly;
    this.#knownFlags = mailbox.flagTable.all.length;
    this.#absorb();
  }

  get exists(): number {
    return this.#entries.length;
  }

  get recent(): number {
    return this.#entries.filter((entry) => entry.recent).length;
  }

  get numbered(): readonly Numbered[] {
    return this.#entries.map((entry, index) => ({ sequence: index + 1, entry }));
  }

  /** The messages a set names. A UID that is not there is passed over, a sequence number that is not there is an error. */
  pick(set: NumberSet, byUid: boolean): readonly Numbered[] {
    if (!byUid && highestNamed(set) > this.exists) throw new BadSyntax("There is no message with that number");
    const largest = byUid ? (this.#entries.at(-1)?.message.uid ?? 0) : this.exists;
    const chosen = membership(set, largest);
    return this.numbered.filter(({ sequence, entry }) => chosen(byUid ? entry.message.uid : sequence));
  }

  /**
   * The untagged responses that bring the client up to date. Without `expunges` it is not told that messages are gone,
   * because sequence numbers must not move under FETCH, STORE and SEARCH (RFC 3501 section 7.4.1).
   */
  news(expunges: boolean): readonly string[] {
    if (this.#knownRevision === this.mailbox.revision) return [];
    const gone = expunges ? this.#forget() : [];
    const kept = this.#entries.length;
    const flags = this.#flagNews();
    this.#absorb();
    const arrived = this.#entries.length > kept ? [`* ${this.exists} EXISTS`, `* ${this.recent} RECENT`] : [];
    const uptodate = expunges || this.#entries.every(({ message }) => !message.expunged);
    if (uptodate && this.#isComplete()) this.#knownRevision = this.mailbox.revision;
    return [...gone, ...flags, ...arrived];
  }

  /** Highest numbers first, so that none of the lines moves the next. */
  #forget(): string[] {
    const gone = this.numbered.filter(({ entry }) => entry.message.expunged).map(({ sequence }) => sequence);
    this.#entries = this.#entries.filter((entry) => !entry.message.expunged);
    return gone.reverse().map((sequence) => `* ${sequence} EXPUNGE`);
  }

  #flagNews(): string[] {
    const lines: string[] = [];
    const flags = this.mailbox.flagTable.all;
    if (flags.length > this.#knownFlags) lines.push(`* FLAGS (${flags.join(" ")})`);
    this.#knownFlags = flags.length;
    for (const { sequence, entry } of this.numbered) {
      if (entry.told === entry.message.revision || entry.message.expunged) continue;
      entry.told = entry.message.revision;
      lines.push(`* ${sequence} FETCH (${formatFlags(entry)})`);
    }
    return lines;
  }

  /** Takes in the messages that have arrived since. */
  #absorb(): void {
    for (const message of arrivals(this.mailbox.messages, this.#knownUid)) {
      if (this.#entries.length >= MAX_ENTRIES) return;
      const recent = message.uid >= this.mailbox.recentFrom;
      this.#entries.push({ message, recent, told: message.revision });
      this.#knownUid = message.uid;
      if (recent && !this.readOnly) this.mailbox.recentFrom = message.uid + 1;
    }
  }

  #isComplete(): boolean {
    return this.#knownUid >= (this.mailbox.messages.at(-1)?.uid ?? 0);
  }
}

export function formatFlags({ message, recent }: Entry): string {
  return `FLAGS (${[...message.flags, ...(recent ? ["\\Recent"] : [])].join(" ")})`;
}

function arrivals(messages: readonly StoredMessage[], knownUid: number): readonly StoredMessage[] {
  let first = messages.length;
  while (first > 0 && (messages[first - 1]?.uid ?? 0) > knownUid) first--;
  return messages.slice(first);
}
