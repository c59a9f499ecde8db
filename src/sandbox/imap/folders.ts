/** Commands about mailboxes as wholes (RFC 3501 sections 6.3.1 to 6.3.7 and 6.3.10, 6.4.1, 6.4.2; UNSELECT RFC 3691). */
import type { Refusal } from "../account.ts";
import type { Mailbox, StoredMessage } from "../mailbox.ts";
import type { Scanner } from "./grammar.ts";
import { quoted } from "./format.ts";
import { Selected } from "./selected.ts";
import { type AuthenticatedSession, type CommandTable, type Reply, type SelectedSession, tell } from "./session.ts";

export const folderCommands: CommandTable = {
  SELECT: { state: "authenticated", run: (session, args) => open(session, args, false) },
  EXAMINE: { state: "authenticated", run: (session, args) => open(session, args, true) },
  CREATE: { state: "authenticated", run: (session, args) => reply(session.account.create(onlyMailbox(args))) },
  DELETE: { state: "authenticated", run: (session, args) => reply(session.account.delete(onlyMailbox(args))) },
  RENAME: { state: "authenticated", run: rename },
  SUBSCRIBE: { state: "authenticated", run: subscribe },
  UNSUBSCRIBE: { state: "authenticated", run: unsubscribe },
  STATUS: { state: "authenticated", run: status },
  CHECK: { state: "selected", run: check },
  CLOSE: { state: "selected", run: close },
  UNSELECT: { state: "selected", run: unselect },
};

/** A mailbox name after a space. */
export function mailboxArgument(args: Scanner): string {
  args.space();
  return args.astring();
}

function onlyMailbox(args: Scanner): string {
  const name = mailboxArgument(args);
  args.end();
  return name;
}

function reply(refusal: Refusal | undefined): Reply {
  return refusal === undefined ? "OK Done" : `NO [${refusal.code}] ${refusal.text}`;
}

async function open(session: AuthenticatedSession, args: Scanner, readOnly: boolean): Promise<Reply> {
  const name = onlyMailbox(args);
  session.selected = undefined;
  const mailbox = session.account.mailbox(name);
  if (mailbox === undefined) return "NO [NONEXISTENT] There is no such mailbox";
  const selected = new Selected(mailbox, readOnly);
  session.selected = selected;
  await tell(session, ...description(selected));
  return readOnly ? "OK [READ-ONLY] Look but do not touch" : "OK [READ-WRITE] Selected";
}

function description(selected: Selected): string[] {
  const { mailbox, readOnly } = selected;
  const flags = mailbox.flagTable.all.join(" ");
  const unseen = selected.numbered.find(({ entry }) => !entry.message.flags.has("\\Seen"));
  return [
    `FLAGS (${flags})`,
    `${selected.exists} EXISTS`,
    `${selected.recent} RECENT`,
    ...(unseen === undefined ? [] : [`OK [UNSEEN ${unseen.sequence}] The first unseen message`]),
    `OK [PERMANENTFLAGS (${readOnly ? "" : `${flags} \\*`})] Flags that stay`,
    `OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs are valid`,
    `OK [UIDNEXT ${mailbox.uidNext}] The next UID`,
  ];
}

function rename({ account }: AuthenticatedSession, args: Scanner): Reply {
  const from = mailboxArgument(args);
  return reply(account.rename(from, onlyMailbox(args)));
}

function subscribe({ account }: AuthenticatedSession, args: Scanner): Reply {
  const name = onlyMailbox(args);
  if (account.mailbox(name) === undefined) return "NO [NONEXISTENT] There is no such mailbox";
  return account.subscribe(name) ? "OK Subscribed" : "NO [LIMIT] Too many subscriptions";
}

function unsubscribe({ account }: AuthenticatedSession, args: Scanner): Reply {
  account.unsubscribe(onlyMailbox(args));
  return "OK Unsubscribed";
}

type StatusItem = (mailbox: Mailbox) => number;

const count = (mailbox: Mailbox, counts: (message: StoredMessage) => boolean): number =>
  mailbox.messages.filter(counts).length;

const STATUS_ITEMS: ReadonlyMap<string, StatusItem> = new Map<string, StatusItem>([
  ["MESSAGES", (mailbox) => mailbox.messages.length],
  ["RECENT", (mailbox) => count(mailbox, ({ uid }) => uid >= mailbox.recentFrom)],
  ["UIDNEXT", (mailbox) => mailbox.uidNext],
  ["UIDVALIDITY", (mailbox) => mailbox.uidValidity],
  ["UNSEEN", (mailbox) => count(mailbox, ({ flags }) => !flags.has("\\Seen"))],
]);

async function status(session: AuthenticatedSession, args: Scanner): Promise<Reply> {
  const name = mailboxArgument(args);
  args.space();
  const wanted = args.list(() => args.atom().toUpperCase());
  args.end();
  const mailbox = session.account.mailbox(name);
  if (mailbox === undefined) return "NO [NONEXISTENT] There is no such mailbox";
  const items: string[] = [];
  for (const item of new Set(wanted)) {
    const value = STATUS_ITEMS.get(item)?.(mailbox);
    if (value === undefined) return "BAD That is no STATUS item";
    items.push(`${item} ${value}`);
  }
  await tell(session, `STATUS ${quoted(mailbox.name)} (${items.join(" ")})`);
  return "OK That is its status";
}

function check(_: SelectedSession, args: Scanner): Reply {
  args.end();
  return "OK There is no disk to write to";
}

/** CLOSE expunges without a word, if it may (RFC 3501 section 6.4.2). */
function close(session: SelectedSession, args: Scanner): Reply {
  args.end();
  const { mailbox, readOnly } = session.selected;
  if (!readOnly) mailbox.expunge(new Set(mailbox.messages.filter(({ flags }) => flags.has("\\Deleted"))));
  return deselect(session);
}

function unselect(session: SelectedSession, args: Scanner): Reply {
  args.end();
  return deselect(session);
}

function deselect(session: AuthenticatedSession & { selected: Selected | undefined }): Reply {
  session.selected = undefined;
  return "OK No mailbox is selected";
}
