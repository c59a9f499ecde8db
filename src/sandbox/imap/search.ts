/** SEARCH and UID SEARCH (RFC 3501 sections 6.4.4 and 6.4.8). */
import { setImmediate } from "node:timers/promises";
import type { Scanner } from "./grammar.ts";
import { Candidate } from "./search-candidate.ts";
import { SearchKeyReader, type Test } from "./search-keys.ts";
import { type CommandTable, type Reply, type SelectedSession, tell } from "./session.ts";

export const searchCommands: CommandTable = {
  SEARCH: { state: "selected", quiet: true, run: (session, args) => search(session, args, false) },
  "UID SEARCH": { state: "selected", run: (session, args) => search(session, args, true) },
};

const CHARSETS: ReadonlySet<string> = new Set(["US-ASCII", "UTF-8"]);

/** Messages looked at before other sessions have their turn. */
const TURN = 50;

async function search(session: SelectedSession, args: Scanner, byUid: boolean): Promise<Reply> {
  args.space();
  const charset = parseCharset(args);
  if (charset !== undefined && !CHARSETS.has(charset)) return "NO [BADCHARSET (US-ASCII UTF-8)] Not in that charset";
  const { exists, numbered } = session.selected;
  const uid = numbered.at(-1)?.entry.message.uid ?? 0;
  const test = new SearchKeyReader(args, { sequence: exists, uid }).all();
  const found = await findAll(session, test, byUid);
  await tell(session, ["SEARCH", ...found].join(" "));
  return "OK That is what there is";
}

async function findAll({ selected }: SelectedSession, test: Test, byUid: boolean): Promise<number[]> {
  const found: number[] = [];
  for (const [index, numbered] of selected.numbered.entries()) {
    if (index % TURN === TURN - 1) await setImmediate();
    const { message } = numbered.entry;
    if (!message.expunged && test(new Candidate(numbered))) found.push(byUid ? message.uid : numbered.sequence);
  }
  return found;
}

function parseCharset(args: Scanner): string | undefined {
  if (!args.takeWord("CHARSET")) return undefined;
  args.space();
  const charset = args.astring().toUpperCase();
  args.space();
  return charset;
}
