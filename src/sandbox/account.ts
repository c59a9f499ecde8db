/** One user's mailboxes: the hierarchy and the subscriptions of RFC 3501 sections 5.1, 6.3.3 to 6.3.7. */
import { Mailbox } from "./mailbox.ts";
import type { Quota } from "./quota.ts";

export const SEPARATOR = "/";
export const INBOX = "INBOX";

/** Mailboxes one user can have, and the length of their names: enough to try folders, too little to fill memory. */
export const MAX_MAILBOXES = 200;
export const MAX_NAME_LENGTH = 255;
const MAX_SUBSCRIPTIONS = 400;

const SPECIAL_USE: readonly (readonly [string, string])[] = [
  ["Sent", "\\Sent"],
  ["Drafts", "\\Drafts"],
  ["Trash", "\\Trash"],
];

/** Why not, with the response code of RFC 5530 that says the same to a program. */
export interface Refusal {
  readonly code: "ALREADYEXISTS" | "NONEXISTENT" | "CANNOT" | "LIMIT" | "HASCHILDREN";
  readonly text: string;
}

const MISSING: Refusal = { code: "NONEXISTENT", text: "There is no such mailbox" };

export class Account {
  readonly user: string;
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #subscriptions = new Set<string>();
  readonly #quota: Quota;
  readonly #nextUidValidity: () => number;
  /** RFC 1939 section 8: one POP3 session at a time. */
  maildropLocked = false;

  constructor(user: string, quota: Quota, nextUidValidity: () => number) {
    this.user = user;
    this.#quota = quota;
    this.#nextUidValidity = nextUidValidity;
    this.#add(INBOX);
    for (const [name, use] of SPECIAL_USE) this.#add(name, use);
    for (const name of this.#mailboxes.keys()) this.#subscriptions.add(name);
  }

  get inbox(): Mailbox {
    return this.#mailboxes.get(INBOX) ?? this.#add(INBOX);
  }

  get mailboxes(): readonly Mailbox[] {
    return [...this.#mailboxes.values()].sort((a, b) => compareNames(a.name, b.name));
  }

  get subscriptions(): readonly string[] {
    return [...this.#subscriptions].sort(compareNames);
  }

  mailbox(name: string): Mailbox | undefined {
    return this.#mailboxes.get(canonicalName(name));
  }

  hasChildren(name: string): boolean {
    return [...this.#mailboxes.keys()].some((other) => other.startsWith(name + SEPARATOR));
  }

  /** Superior names that do not exist are created with it (RFC 3501 section 6.3.3), so that parents always exist. */
  create(name: string): Refusal | undefined {
    const canonical = withoutTrailingSeparator(name);
    const unfit = this.#unfit(canonical);
    if (unfit !== undefined) return unfit;
    const missing = lineage(canonical).filter((ancestor) => !this.#mailboxes.has(ancestor));
    if (this.#mailboxes.size + missing.length > MAX_MAILBOXES) return { code: "LIMIT", text: "Too many mailboxes" };
    for (const ancestor of missing) this.#add(ancestor);
    return undefined;
  }

  delete(name: string): Refusal | undefined {
    const mailbox = this.mailbox(name);
    if (mailbox === undefined) return MISSING;
    if (mailbox.name === INBOX) return { code: "CANNOT", text: "INBOX cannot be deleted" };
    if (this.hasChildren(mailbox.name)) return { code: "HASCHILDREN", text: "Delete the mailboxes below it first" };
    this.#mailboxes.delete(mailbox.name);
    mailbox.expunge(new Set(mailbox.messages));
    return undefined;
  }

  /** Renames the mailbox and all below it; renaming INBOX moves its messages and leaves it empty (section 6.3.5). */
  rename(from: string, to: string): Refusal | undefined {
    const mailbox = this.mailbox(from);
    const target = withoutTrailingSeparator(to);
    if (mailbox === undefined) return MISSING;
    if (mailbox.name === INBOX) return this.create(target) ?? this.#emptyInbox(mailbox, target);
    if (target.startsWith(mailbox.name + SEPARATOR))
      return { code: "CANNOT", text: "A mailbox cannot move into itself" };
    const below = [...this.#mailboxes.values()].filter((other) => other.name.startsWith(mailbox.name + SEPARATOR));
    const longest = Math.max(0, ...below.map((other) => other.name.length - mailbox.name.length));
    if (target.length + longest > MAX_NAME_LENGTH) return { code: "CANNOT", text: "That name is too long" };
    const refused = this.create(target);
    if (refused !== undefined) return refused;
    this.#mailboxes.delete(target);
    const old = mailbox.name;
    for (const moved of [mailbox, ...below]) this.#move(moved, target + moved.name.slice(old.length));
    return undefined;
  }

  /** RFC 3501 section 6.3.6; false when there are too many. */
  subscribe(name: string): boolean {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) return false;
    this.#subscriptions.add(canonicalName(name));
    return true;
  }

  unsubscribe(name: string): boolean {
    return this.#subscriptions.delete(canonicalName(name));
  }

  #unfit(name: string): Refusal | undefined {
    if (this.#mailboxes.has(name)) return { code: "ALREADYEXISTS", text: "That mailbox exists already" };
    if (!isMailboxName(name)) return { code: "CANNOT", text: "That is not a name for a mailbox" };
    return undefined;
  }

  #add(name: string, specialUse?: string): Mailbox {
    const uidValidity = this.#nextUidValidity();
    const use = specialUse === undefined ? {} : { specialUse };
    const mailbox = new Mailbox({ name, uidValidity, quota: this.#quota, ...use });
    this.#mailboxes.set(name, mailbox);
    return mailbox;
  }

  #move(mailbox: Mailbox, name: string): void {
    this.#mailboxes.delete(mailbox.name);
    mailbox.name = name;
    this.#mailboxes.set(name, mailbox);
  }

  #emptyInbox(inbox: Mailbox, target: string): undefined {
    const messages = inbox.messages.map((message) => ({ ...message }));
    inbox.expunge(new Set(inbox.messages));
    for (const { raw, flags, internalDate } of messages) this.mailbox(target)?.append(raw, flags, internalDate);
  }
}

/** INBOX in any case is INBOX (RFC 3501 section 5.1). */
export function canonicalName(name: string): string {
  return name.toUpperCase() === INBOX ? INBOX : name;
}

/** `CREATE "a/"` announces that there will be mailboxes below `a` (RFC 3501 section 6.3.3); any mailbox may have them. */
function withoutTrailingSeparator(name: string): string {
  return canonicalName(name.endsWith(SEPARATOR) ? name.slice(0, -1) : name);
}

/** The name and all its superiors, outermost first: `a`, `a/b`, `a/b/c`. */
function lineage(name: string): string[] {
  const steps = name.split(SEPARATOR);
  return steps.map((_, index) => canonicalName(steps.slice(0, index + 1).join(SEPARATOR)));
}

/** Names are modified UTF-7 (section 5.1.3), so printable ASCII; `%` and `*` could not be listed. */
function isMailboxName(name: string): boolean {
  if (name.length > MAX_NAME_LENGTH || !/^[ -~]+$/.test(name) || /[%*]/.test(name)) return false;
  return name.split(SEPARATOR).every((step) => step.length > 0);
}

/** INBOX first, as people expect to see it. */
function compareNames(a: string, b: string): number {
  if (a === INBOX || b === INBOX) return Number(b === INBOX) - Number(a === INBOX);
  return a < b ? -1 : Number(a > b);
}
