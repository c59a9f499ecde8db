/** FETCH and UID FETCH (RFC 3501 sections 6.4.5, 6.4.8 and 7.4.2). */
import { setImmediate } from "node:timers/promises";
import { type MimePart, parseMime } from "../mime.ts";
import { formatDateTime } from "./dates.ts";
import { type FetchItem, parseFetchItems } from "./fetch-items.ts";
import type { Scanner } from "./grammar.ts";
import { parseNumberSet } from "./number-set.ts";
import { cutSection } from "./section.ts";
import { formatFlags, type Numbered } from "./selected.ts";
import type { CommandTable, Reply, SelectedSession } from "./session.ts";
import { bodyStructure, envelope } from "./structure.ts";

export const fetchCommands: CommandTable = {
  FETCH: { state: "selected", quiet: true, run: (session, args) => fetch(session, args, false) },
  "UID FETCH": { state: "selected", run: (session, args) => fetch(session, args, true) },
};

async function fetch(session: SelectedSession, args: Scanner, byUid: boolean): Promise<Reply> {
  args.space();
  const set = parseNumberSet(args.numberSet());
  args.space();
  const asked = parseFetchItems(args);
  args.end();
  // The response to UID FETCH has the UID, asked for or not.
  const items: readonly FetchItem[] =
    byUid && !asked.some(({ kind }) => kind === "UID") ? [{ kind: "UID" }, ...asked] : asked;
  let vanished = false;
  for (const numbered of session.selected.pick(set, byUid)) {
    if (numbered.entry.message.expunged) vanished = true;
    else await fetchOne(session, numbered, items);
    // A long FETCH lets other sessions have their turn.
    await setImmediate();
  }
  if (vanished && !byUid) return "NO [EXPUNGEISSUED] Some of these messages are gone";
  return "OK That is all";
}

async function fetchOne(
  { connection, selected }: SelectedSession,
  numbered: Numbered,
  items: readonly FetchItem[],
): Promise<void> {
  const newlySeen =
    !selected.readOnly && items.some((item) => item.kind === "section" && item.seen) && see(selected, numbered);
  const all: readonly FetchItem[] =
    newlySeen && !items.some(({ kind }) => kind === "FLAGS") ? [...items, { kind: "FLAGS" }] : items;
  const { raw } = numbered.entry.message;
  const structure = once(() => parseMime(raw));
  await connection.out.write(`* ${numbered.sequence} FETCH (`);
  for (const [index, item] of all.entries()) {
    const pieces = fetchItem(numbered, raw, item, structure);
    await connection.out.write(index === 0 ? "" : " ", ...pieces);
  }
  await connection.out.write(")\r\n");
}

/** Sets \Seen, of which this session is told in the same response; false where it was set already. */
function see({ mailbox }: SelectedSession["selected"], { entry }: Numbered): boolean {
  const { message } = entry;
  if (message.flags.has("\\Seen")) return false;
  mailbox.setFlags(message, [...message.flags, "\\Seen"]);
  entry.told = message.revision;
  return true;
}

function fetchItem({ entry }: Numbered, raw: Buffer, item: FetchItem, structure: () => MimePart): (string | Buffer)[] {
  const { message } = entry;
  switch (item.kind) {
    case "FLAGS":
      return [formatFlags(entry)];
    case "UID":
      return [`UID ${message.uid}`];
    case "INTERNALDATE":
      return [`INTERNALDATE ${formatDateTime(message.internalDate)}`];
    case "RFC822.SIZE":
      return [`RFC822.SIZE ${raw.length}`];
    case "ENVELOPE":
      return [`ENVELOPE ${envelope(structure().fields)}`];
    case "BODY":
    case "BODYSTRUCTURE":
      return [`${item.kind} ${bodyStructure(raw, structure(), item.kind === "BODYSTRUCTURE")}`];
    case "section":
      return sectionItem(raw, item, structure);
  }
}

function sectionItem(
  raw: Buffer,
  item: FetchItem & { kind: "section" },
  structure: () => MimePart,
): (string | Buffer)[] {
  const whole = cutSection(raw, item.section, structure);
  if (whole === undefined) return [`${item.label} NIL`];
  const { offset, count } = item.partial ?? { offset: 0, count: whole.length };
  const bytes = whole.subarray(offset, offset + count);
  return [`${item.label} {${bytes.length}}\r\n`, bytes];
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
