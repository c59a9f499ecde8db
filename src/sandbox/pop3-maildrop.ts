/** A locked maildrop: the numbered snapshot of an INBOX that one POP3 session works on (RFC 1939 sections 4 to 6). */
import type { Account } from "./account.ts";
import type { Mailbox, StoredMessage } from "./mailbox.ts";
import { maildropSize } from "./pop3-multiline.ts";

export interface Numbered {
  readonly number: number;
  readonly message: StoredMessage;
  readonly size: number;
  /** Unique for ever: UIDs of one UIDVALIDITY are never used again. */
  readonly uniqueId: string;
}

export class Maildrop {
  readonly #account: Account;
  readonly #inbox: Mailbox;
  readonly #messages: readonly Numbered[];
  readonly #deleted = new Set<StoredMessage>();
  /** RFC 1081: the highest message number accessed in this session. */
  last = 0;

  private constructor(account: Account) {
    this.#account = account;
    this.#inbox = account.inbox;
    const validity = this.#inbox.uidValidity;
    this.#messages = this.#inbox.messages.map((message, index) => ({
      number: index + 1,
      message,
      size: maildropSize(message.raw),
      uniqueId: `${validity}.${message.uid}`,
    }));
  }

  /** The exclusive-access lock of RFC 1939 section 4; undefined while another session has it. */
  static lock(account: Account): Maildrop | undefined {
    if (account.maildropLocked) return undefined;
    account.maildropLocked = true;
    return new Maildrop(account);
  }

  release(): void {
    this.#account.maildropLocked = false;
  }

  /** All that are not marked as deleted. */
  get remaining(): readonly Numbered[] {
    return this.#messages.filter(({ message }) => !this.#deleted.has(message));
  }

  get octets(): number {
    return this.remaining.reduce((sum, { size }) => sum + size, 0);
  }

  /** undefined where there is no such message, or it is marked as deleted, or an IMAP session has expunged it. */
  find(text: string): Numbered | undefined {
    const found = /^\d{1,9}$/.test(text) ? this.#messages[Number(text) - 1] : undefined;
    if (found === undefined || this.#deleted.has(found.message) || found.message.expunged) return undefined;
    return found;
  }

  access(found: Numbered): void {
    this.last = Math.max(this.last, found.number);
  }

  delete(found: Numbered): void {
    this.#deleted.add(found.message);
    this.access(found);
  }

  reset(): void {
    this.#deleted.clear();
    this.last = 0;
  }

  /** The UPDATE state: only here do deleted messages go. */
  update(): void {
    this.#inbox.expunge(this.#deleted);
  }
}
