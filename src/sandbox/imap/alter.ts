/** Commands that change messages: STORE, COPY, MOVE, EXPUNGE and their UID forms (RFC 3501, 6.4; UIDPLUS RFC 4315; MOVE RFC 6851). */
import type { Mailbox, StoredMessage } from "../mailbox.ts";
import { mailboxArgument } from "./folders.ts";
import { BadSyntax, type Scanner } from "./grammar.ts";
import { formatNumberSet, parseNumberSet } from "./number-set.ts";
import { formatFlags, type Numbered } from "./selected.ts";
import { type CommandTable, type Reply, type SelectedSession, tell } from "./session.ts";

export const alterCommands: CommandTable = {
  STORE: { state: "selected", quiet: true, run: (session, args) => store(session, args, false) },
  "UID STORE": { state: "selected", run: (session, args) => store(session, args, true) },
  COPY: { state: "selected", run: (session, args) => copy(session, args, false) },
  "UID COPY": { state: "selected", run: (session, args) => copy(session, args, true) },
  MOVE: { state: "selected", run: (session, args) => move(session, args, false) },
  "UID MOVE": { state: "selected", run: (session, args) => move(session, args, true) },
  EXPUNGE: { state: "selected", run: (session, args) => expunge(session, args, false) },
  "UID EXPUNGE": { state: "selected", run: (session, args) => expunge(session, args, true) },
};

const READ_ONLY: Reply = "NO [READ-ONLY] This mailbox was opened with EXAMINE";
const MISSING: Reply = "NO [TRYCREATE] There is no such mailbox";

interface FlagChange {
  readonly apply: (flags: ReadonlySet<string>) => Iterable<string>;
  readonly silent: boolean;
}

async function store(session: SelectedSession, args: Scanner, byUid: boolean): Promise<Reply> {
  args.space();
  const set = parseNumberSet(args.numberSet());
  const { apply, silent } = parseFlagChange(args);
  const { selected } = session;
  if (selected.readOnly) return READ_ONLY;
  for (const numbered of selected.pick(set, byUid)) {
    const { message } = numbered.entry;
    if (message.expunged) continue;
    // What another session has changed since is not silenced: the client still has to hear of it.
    const uptodate = numbered.entry.told === message.revision;
    if (!selected.mailbox.setFlags(message, apply(message.flags))) return "NO [LIMIT] Too many different keywords";
    if (uptodate || !silent) numbered.entry.told = message.revision;
    if (!silent) await tell(session, flagsResponse(numbered, byUid));
  }
  return "OK Stored";
}

/** store-att-flags; the list's parentheses may be missing. */
function parseFlagChange(args: Scanner): FlagChange {
  args.space();
  const sign = ["+", "-"].find((character) => args.take(character)) ?? "";
  const [item, silent, ...rest] = args.fetchName().toUpperCase().split(".");
  if (item !== "FLAGS" || (silent ?? "SILENT") !== "SILENT" || rest.length > 0) throw new BadSyntax("STORE sets FLAGS");
  args.space();
  const flags = args.next("(") ? args.list(() => args.flag()) : bareFlags(args);
  args.end();
  return { apply: flagOperation(sign, flags), silent: silent !== undefined };
}

function bareFlags(args: Scanner): string[] {
  const flags = [args.flag()];
  while (!args.atEnd) {
    args.space();
    if (!args.atEnd) flags.push(args.flag());
  }
  return flags;
}

function flagOperation(sign: string, flags: readonly string[]): FlagChange["apply"] {
  if (sign === "+") return (old) => [...old, ...flags];
  if (sign === "") return () => flags;
  const removed = new Set(flags.map((flag) => flag.toLowerCase()));
  return (old) => [...old].filter((flag) => !removed.has(flag.toLowerCase()));
}

function flagsResponse({ sequence, entry }: Numbered, withUid: boolean): string {
  return `${sequence} FETCH (${withUid ? `UID ${entry.message.uid} ` : ""}${formatFlags(entry)})`;
}

function copy(session: SelectedSession, args: Scanner, byUid: boolean): Reply {
  const { messages, name } = parseTransfer(session, args, byUid);
  const target = session.account.mailbox(name);
  if (target === undefined) return MISSING;
  const copied = copyMessages(messages, target);
  if (typeof copied === "string") return copied;
  return copied.code === "" ? "OK There was nothing to copy" : `OK [${copied.code}] Copied`;
}

/** The COPYUID code comes before the messages go (RFC 6851 section 4.3). */
async function move(session: SelectedSession, args: Scanner, byUid: boolean): Promise<Reply> {
  const { messages, name } = parseTransfer(session, args, byUid);
  const target = session.account.mailbox(name);
  if (session.selected.readOnly) return READ_ONLY;
  if (target === undefined) return MISSING;
  const copied = copyMessages(messages, target);
  if (typeof copied === "string") return copied;
  session.selected.mailbox.expunge(new Set(messages));
  if (copied.code !== "") await tell(session, `OK [${copied.code}] Moved`);
  return "OK Moved";
}

function parseTransfer(
  session: SelectedSession,
  args: Scanner,
  byUid: boolean,
): { messages: StoredMessage[]; name: string } {
  args.space();
  const set = parseNumberSet(args.numberSet());
  const name = mailboxArgument(args);
  args.end();
  const messages = session.selected.pick(set, byUid).map(({ entry }) => entry.message);
  return { messages: messages.filter(({ expunged }) => !expunged), name };
}

/** All or none (RFC 3501 section 6.4.7). The code is COPYUID of RFC 4315, empty where nothing was copied. */
function copyMessages(messages: readonly StoredMessage[], target: Mailbox): Reply | { readonly code: string } {
  const copies: StoredMessage[] = [];
  for (const { raw, flags, internalDate } of messages) {
    const outcome = target.append(raw, flags, internalDate);
    if (typeof outcome !== "string") copies.push(outcome);
    else {
      target.expunge(new Set(copies));
      return outcome === "full" ? "NO [OVERQUOTA] The sandbox is full" : "NO [LIMIT] Too many different keywords";
    }
  }
  if (copies.length === 0) return { code: "" };
  const [from, to] = [messages, copies].map((list) => formatNumberSet(list.map(({ uid }) => uid)));
  return { code: `COPYUID ${target.uidValidity} ${from} ${to}` };
}

function expunge(session: SelectedSession, args: Scanner, byUid: boolean): Reply {
  const { mailbox, readOnly } = session.selected;
  let candidates = session.selected.numbered;
  if (byUid) {
    args.space();
    candidates = session.selected.pick(parseNumberSet(args.numberSet()), true);
  }
  args.end();
  if (readOnly) return READ_ONLY;
  const doomed = candidates.map(({ entry }) => entry.message).filter(({ flags }) => flags.has("\\Deleted"));
  mailbox.expunge(new Set(doomed));
  return "OK Expunged";
}
