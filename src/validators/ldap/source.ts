/** Accounts whose hashes the directory gives away to its service account: NT hashes, userPassword, and keys of RFC 5803. */
import { accountFrom, type Account } from "../../accounts/account.ts";
import type { AccountSource, Found as FoundAccounts } from "../../accounts/source.ts";
import { splitName } from "../../core/identity.ts";
import type { Directory, Found } from "./directory.ts";
import { DirectoryFailure } from "./failure.ts";
import type { AskGroups, Membership } from "./groups.ts";
import { attributesOf, domainOf, mailboxOf } from "./identity.ts";
import type { LdapOptions } from "./options.ts";

export function directorySource(options: LdapOptions, directory: Directory, groups: AskGroups): AccountSource {
  let isClosed = false;
  return {
    async find({ name }): Promise<FoundAccounts> {
      if (isClosed) return { kind: "unavailable", why: "the validator is closed" };
      try {
        const found = await directory.find(name);
        return await Promise.all(
          found.map(async (each) => toAccount(each, await groups(each), { name, options, directory })),
        );
      } catch (error) {
        if (!(error instanceof DirectoryFailure)) throw error;
        return { kind: "unavailable", why: error.message };
      }
    },
    close() {
      isClosed = true;
      directory.close();
    },
  };
}

interface Asked {
  /** As the client gave it. */
  readonly name: string;
  readonly options: LdapOptions;
  readonly directory: Directory;
}

function toAccount(found: Found, membership: Membership, { name, options, directory }: Asked): Account {
  const account = readAccount(found, membership, options);
  const given = splitName(name).domain?.toLowerCase();
  const domains = found.isPrincipal && given !== undefined ? [...account.domains, given] : account.domains;
  const state = directory.schema.stateOf(found.entry, false);
  const { token } = membership;
  const identity = { ...account.identity, token, attributes: attributesOf(found.entry, options) };
  return { ...account, domains, state, identity };
}

/** Throws DirectoryFailure: an entry without a hash is one whose hashes our account may not read. */
function readAccount(found: Found, { groups }: Membership, options: LdapOptions): Account {
  const { entry, user } = found;
  const { password = "userPassword" } = options.attributes ?? {};
  const words = wordsOf(found, options);
  let wrong = "";
  // Several passwords may be stored, and some be of a kind that only the directory itself can check.
  for (const stored of [...entry.texts(password), undefined]) {
    const account = accountFrom({ name: user, password: stored, words, groups });
    if (typeof account !== "string") return account;
    wrong ||= account;
  }
  throw new DirectoryFailure(`${entry.dn}: ${wrong}`, false);
}

function wordsOf(found: Found, options: LdapOptions): ReadonlyMap<string, string> {
  const { entry } = found;
  const domain = domainOf(found, options);
  const nt = entry.text(options.attributes?.nt ?? "sambaNTPassword");
  return new Map([
    ...(nt === undefined ? [] : [["nt", nt] as const]),
    ...(domain === undefined ? [] : [["domain", domain] as const]),
    ["mailbox", mailboxOf(found, options)] as const,
    ...scramWords(entry.texts(options.attributes?.scram ?? "authPassword")),
  ]);
}

/** `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`, RFC 5803 section 2. */
function scramWords(values: readonly string[]): (readonly [string, string])[] {
  return values.flatMap((value) => {
    const [, scheme, iterations, salt, keys] = RFC_5803.exec(value) ?? [];
    if (scheme === undefined || keys === undefined) return [];
    return [[scheme.toLowerCase(), [iterations, salt, ...keys.split(":")].join(",")] as const];
  });
}

const RFC_5803 =
  /^\s*(SCRAM-SHA-(?:1|256))\s*\$\s*(\d{1,9}):([A-Za-z0-9+/=]+)\s*\$\s*([A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+)\s*$/i;
