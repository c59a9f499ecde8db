/** Who a name is: the account's own name, its SIDs and its groups, as winbindd knows them; believed for some minutes. */
import { isSid, type AccessToken } from "../../core/access-token.ts";
import { LookupFailure, NOT_FOUND, type AskWbinfo } from "./wbinfo.ts";

export interface User {
  /** As the domain writes it. */
  readonly name: string;
  /** NetBIOS name. */
  readonly domain: string;
  /** Names; those of other domains than the host's own with it in front, `OTHER\Sales`. */
  readonly groups: readonly string[];
  readonly token: AccessToken | undefined;
}

export interface UsersOptions {
  readonly ask: AskWbinfo;
  readonly groups: boolean;
  /** Milliseconds. */
  readonly age: number;
  readonly now: () => number;
}

/** Names, found or not: a crowd of invented ones pushes out the oldest. */
const KEPT = 10_000;
/** SIDs in one question; a SID has 47 characters at most with a usual domain, an argument 131072. */
const SIDS_AT_ONCE = 500;

interface Entry {
  readonly user: Promise<User | undefined>;
  readonly until: number;
}

export class Users {
  readonly #options: UsersOptions;
  readonly #known = new Map<string, Entry>();
  #separator: Promise<string> | undefined;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  /**
   * `user` may be a user principal name, which the controller of `domain` resolves. undefined: nobody. Rejects with
   * LookupFailure.
   */
  find(user: string, domain: string, ownDomain: string): Promise<User | undefined> {
    const { age, now } = this.#options;
    const key = `${domain}\\${user}`.toLowerCase();
    const entry = this.#known.get(key);
    if (entry !== undefined && entry.until > now()) return entry.user;
    const found = this.#find(user, domain, ownDomain);
    this.#known.delete(key);
    this.#known.set(key, { user: found, until: now() + age });
    // A failure is no knowledge.
    found.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
    return found;
  }

  async #find(user: string, domain: string, ownDomain: string): Promise<User | undefined> {
    const { ask, groups } = this.#options;
    const separator = await this.#askSeparator();
    const named = await ask(`--name-to-sid=${domain}${separator}${user}`);
    if (named === NOT_FOUND) return undefined;
    const [, sid = ""] = /^(S-1-[\d-]+) SID_USER \(1\)\s*$/.exec(named) ?? [];
    if (!isSid(sid)) return undefined;
    const own = parseName(required(await ask(`--sid-to-name=${sid}`)), separator);
    if (!groups) return { ...own, groups: [], token: undefined };
    const sids = parseSids(required(await ask(`--user-sids=${sid}`)));
    const isOwn = own.domain.toLowerCase() === ownDomain.toLowerCase();
    const names = await this.#groupNames(sids, sid, separator);
    const token = { sids, userIndex: sids.indexOf(sid), primaryGroup: undefined };
    if (token.userIndex < 0) throw new LookupFailure("wbinfo: a user whose SIDs are not its own");
    return { ...own, token, groups: isOwn ? names : names.map((name) => `${own.domain}\\${name}`) };
  }

  /** Only groups of the user's own domain: wbinfo names groups without saying whose they are. */
  async #groupNames(sids: readonly string[], user: string, separator: string): Promise<string[]> {
    const prefix = user.slice(0, user.lastIndexOf("-") + 1);
    const asked = sids.filter((sid) => sid !== user && sid.startsWith(prefix));
    const names: string[] = [];
    for (let start = 0; start < asked.length; start += SIDS_AT_ONCE) {
      const chunk = asked.slice(start, start + SIDS_AT_ONCE);
      const answer = required(await this.#options.ask(`--lookup-sids=${chunk.join(",")}`));
      names.push(...parseGroups(answer, new Set(chunk), separator));
    }
    return names;
  }

  #askSeparator(): Promise<string> {
    this.#separator ??= this.#options.ask("--separator").then((answer) => answer.trimEnd());
    const separator = this.#separator;
    separator.catch(() => (this.#separator = undefined));
    return separator.then((text) => {
      if (!/^[^\p{L}\p{N}\s]$/u.test(text)) throw new LookupFailure("wbinfo: a separator that is none");
      return text;
    });
  }
}

function required(answer: string): string {
  if (answer === NOT_FOUND) throw new LookupFailure("wbinfo: a SID without a name");
  return answer;
}

/** `DOMAIN\name 1`. */
function parseName(answer: string, separator: string): Pick<User, "name" | "domain"> {
  const line = answer.trimEnd();
  const at = line.indexOf(separator);
  if (at <= 0 || !line.endsWith(USER) || line.includes("\n"))
    throw new LookupFailure("wbinfo: a name that is no user's");
  return { domain: line.slice(0, at), name: line.slice(at + 1, -USER.length) };
}

const USER = " 1";

function parseSids(answer: string): string[] {
  const sids = [...new Set(answer.split("\n").filter((line) => line !== ""))];
  if (sids.length === 0 || !sids.every(isSid)) throw new LookupFailure("wbinfo: a list of SIDs that is none");
  return sids;
}

/** `S-1-... -> <none>\Sales 2`: the domain is left out by wbinfo; 2 and 4 are groups, 8 a SID that has no name. */
function parseGroups(answer: string, asked: ReadonlySet<string>, separator: string): string[] {
  return answer.split("\n").flatMap((line) => {
    const [, sid = "", name = ""] = /^(S-1-[\d-]+) -> (.+) [24]$/.exec(line) ?? [];
    return asked.has(sid) ? [name.slice(name.indexOf(separator) + 1)] : [];
  });
}
