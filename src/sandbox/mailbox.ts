/** One mailbox in memory: messages with UIDs, flags and an internal date (RFC 3501 section 2.3), and who watches it. */
import { FlagTable } from "./flags.ts";
import type { Quota } from "./quota.ts";

interface Kept {
  readonly uid: number;
  readonly internalDate: Date;
  flags: ReadonlySet<string>;
  raw: Buffer;
  revision: number;
  expunged: boolean;
}

/** A message as everybody but its mailbox may see it. */
export interface StoredMessage extends Readonly<Kept> {
  /** The bytes as they were received; empty once expunged, so that a session that has not heard of it holds no memory. */
  readonly raw: Buffer;
  /** The mailbox's revision when the flags were last changed. */
  readonly revision: number;
}

export interface MailboxOptions {
  readonly name: string;
  readonly uidValidity: number;
  readonly quota: Quota;
  /** RFC 6154: `\Sent` and the like. */
  readonly specialUse?: string;
}

/** "full" is the quota's answer, "too-many-keywords" the flag table's. */
export type AppendOutcome = StoredMessage | "full" | "too-many-keywords";

const NOTHING = Buffer.alloc(0);

export class Mailbox {
  /** Changes with RENAME only. */
  name: string;
  readonly uidValidity: number;
  readonly specialUse: string | undefined;
  readonly flagTable = new FlagTable();
  /** Messages from this UID on have \Recent for the first session that selects the mailbox. */
  recentFrom = 1;
  readonly #quota: Quota;
  readonly #watchers = new Set<() => void>();
  #messages: Kept[] = [];
  #uidNext = 1;
  #revision = 0;

  constructor(options: MailboxOptions) {
    this.name = options.name;
    this.uidValidity = options.uidValidity;
    this.specialUse = options.specialUse;
    this.#quota = options.quota;
  }

  /** In ascending order of UID. */
  get messages(): readonly StoredMessage[] {
    return this.#messages;
  }

  get uidNext(): number {
    return this.#uidNext;
  }

  /** Grows with every change of any kind. */
  get revision(): number {
    return this.#revision;
  }

  /** How many sessions wait for changes. */
  get watchers(): number {
    return this.#watchers.size;
  }

  append(raw: Buffer, flags: Iterable<string> = [], internalDate: Date = new Date()): AppendOutcome {
    const canonical = this.flagTable.canonical(flags);
    if (canonical === undefined) return "too-many-keywords";
    if (!this.#quota.take(raw.length, 1)) return "full";
    const uid = this.#uidNext++;
    const message: Kept = { uid, internalDate, flags: canonical, raw, revision: 0, expunged: false };
    this.#messages.push(message);
    this.#changed();
    message.revision = this.#revision;
    return message;
  }

  /** False when the flags name one keyword too many. */
  setFlags(message: StoredMessage, flags: Iterable<string>): boolean {
    const canonical = this.flagTable.canonical(flags);
    const kept = message as Kept;
    if (canonical === undefined) return false;
    if (kept.expunged || sameFlags(kept.flags, canonical)) return true;
    kept.flags = canonical;
    kept.revision = this.#revision + 1;
    this.#changed();
    return true;
  }

  expunge(doomed: ReadonlySet<StoredMessage>): void {
    const before = this.#messages.length;
    for (const message of this.#messages) if (doomed.has(message)) this.#drop(message);
    this.#messages = this.#messages.filter((message) => !message.expunged);
    if (this.#messages.length !== before) this.#changed();
  }

  /** Calls after every change; the answer ends the watch. The listener must not change the mailbox. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  #drop(message: Kept): void {
    this.#quota.give(message.raw.length, 1);
    message.expunged = true;
    message.raw = NOTHING;
  }

  #changed(): void {
    this.#revision++;
    for (const listener of this.#watchers) listener();
  }
}

function sameFlags(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((flag) => other.has(flag));
}
