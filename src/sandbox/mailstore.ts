/** All mail of the sandbox, in memory: its users, their accounts (made on first use), and how much there may be. */
import { splitName } from "../core/identity.ts";
import { Account } from "./account.ts";
import { Quota, type StoreLimits, STORE_LIMITS } from "./quota.ts";
import { welcomeMessage } from "./welcome.ts";

export class MailStore {
  readonly quota: Quota;
  readonly #users: ReadonlyMap<string, string>;
  readonly #accounts = new Map<string, Account>();
  /** Grows with every mailbox, so that one that is deleted and created again is not taken for the old (RFC 3501, 2.3.1.1). */
  #uidValidity = Math.floor(Date.now() / 1000);

  constructor(users: readonly string[], limits: StoreLimits = STORE_LIMITS) {
    this.quota = new Quota(limits);
    this.#users = new Map(users.map((user) => [user.toLowerCase(), user]));
  }

  get users(): readonly string[] {
    return [...this.#users.values()];
  }

  /** The account of a known user, named whole, as `user@domain` or as `DOMAIN\user`, in any case; undefined for others. */
  account(name: string): Account | undefined {
    const user = this.#users.get(name.toLowerCase()) ?? this.#users.get(splitName(name).user.toLowerCase());
    if (user === undefined) return undefined;
    return this.#accounts.get(user) ?? this.#open(user);
  }

  #open(user: string): Account {
    const account = new Account(user, this.quota, () => this.#uidValidity++);
    this.#accounts.set(user, account);
    account.inbox.append(welcomeMessage(user));
    return account;
  }
}
