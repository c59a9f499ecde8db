/** Listing mailboxes: LIST, LSUB and NAMESPACE (RFC 3501 sections 6.3.8 and 6.3.9, RFC 2342, RFC 3348, RFC 6154). */
import { type Account, INBOX, MAX_NAME_LENGTH, SEPARATOR } from "../account.ts";
import { quoted } from "./format.ts";
import type { Scanner } from "./grammar.ts";
import { type AuthenticatedSession, type CommandTable, type Reply, tell } from "./session.ts";

/** No mailbox name is as long; matching takes this times the name's length at most. */
const MAX_PATTERN = 2 * MAX_NAME_LENGTH;

export const listCommands: CommandTable = {
  LIST: { state: "authenticated", run: (session, args) => list(session, args, "LIST", listed) },
  LSUB: { state: "authenticated", run: (session, args) => list(session, args, "LSUB", subscribed) },
  NAMESPACE: { state: "authenticated", run: namespace },
};

interface Listed {
  readonly name: string;
  readonly attributes: readonly string[];
}

type Source = (account: Account, matches: (name: string) => boolean) => readonly Listed[];

async function list(session: AuthenticatedSession, args: Scanner, response: string, source: Source): Promise<Reply> {
  args.space();
  const reference = args.astring();
  args.space();
  const pattern = args.listMailbox();
  args.end();
  if (reference.length + pattern.length > MAX_PATTERN) return "NO [LIMIT] That pattern is too long";
  // An empty pattern asks for the hierarchy delimiter only.
  const found =
    pattern === ""
      ? [{ name: "", attributes: ["\\Noselect"] }]
      : source(session.account, patternMatcher(reference + pattern));
  for (const { name, attributes } of found) {
    await tell(session, `${response} (${attributes.join(" ")}) "${SEPARATOR}" ${quoted(name)}`);
  }
  return "OK That is the list";
}

function listed(account: Account, matches: (name: string) => boolean): readonly Listed[] {
  return account.mailboxes
    .filter(({ name }) => matches(name))
    .map(({ name, specialUse }) => ({
      name,
      attributes: [
        account.hasChildren(name) ? "\\HasChildren" : "\\HasNoChildren",
        ...(specialUse === undefined ? [] : [specialUse]),
      ],
    }));
}

/** With `%`, a name whose inferiors are subscribed is shown too, as \Noselect (RFC 3501 section 6.3.9). */
function subscribed(account: Account, matches: (name: string) => boolean): readonly Listed[] {
  const found = new Map<string, Listed>();
  for (const name of account.subscriptions) {
    if (matches(name)) found.set(name, { name, attributes: [] });
    else for (const parent of ancestors(name)) if (matches(parent)) addParent(found, parent);
  }
  return [...found.values()];
}

function addParent(found: Map<string, Listed>, name: string): void {
  if (!found.has(name)) found.set(name, { name, attributes: ["\\Noselect"] });
}

function ancestors(name: string): string[] {
  const steps = name.split(SEPARATOR);
  return steps.slice(1).map((_, index) => steps.slice(0, index + 1).join(SEPARATOR));
}

/** `*` is any characters, `%` any but the separator; INBOX is matched in any case. */
export function patternMatcher(pattern: string): (name: string) => boolean {
  return (name) => matchesWhole(name === INBOX ? pattern.toUpperCase() : pattern, name);
}

/** Keeps which prefixes of the name (by their length) the pattern has matched so far: no pattern can make it backtrack. */
function matchesWhole(pattern: string, name: string): boolean {
  let prefixes = [true, ...Array.from(name, () => false)];
  for (const token of pattern) {
    const next = [(token === "*" || token === "%") && prefixes[0] === true];
    for (let length = 1; length <= name.length; length++) {
      const character = name[length - 1];
      if (token === "*") next.push(prefixes[length] === true || next[length - 1] === true);
      else if (token === "%")
        next.push(prefixes[length] === true || (next[length - 1] === true && character !== SEPARATOR));
      else next.push(prefixes[length - 1] === true && character === token);
    }
    prefixes = next;
  }
  return prefixes[name.length] === true;
}

async function namespace(session: AuthenticatedSession, args: Scanner): Promise<Reply> {
  args.end();
  await tell(session, `NAMESPACE (("" "${SEPARATOR}")) NIL NIL`);
  return "OK That is the namespace";
}
