/** APPEND (RFC 3501 section 6.3.11) with APPENDUID (RFC 4315): the message is stored octet for octet. */
import { parseDateTime } from "./dates.ts";
import { mailboxArgument } from "./folders.ts";
import { BadSyntax, type Scanner } from "./grammar.ts";
import type { AuthenticatedSession, CommandTable, Reply } from "./session.ts";

export const appendCommands: CommandTable = {
  APPEND: { state: "authenticated", run: append },
};

function append({ account }: AuthenticatedSession, args: Scanner): Reply {
  const name = mailboxArgument(args);
  args.space();
  const flags = args.next("(")
    ? followedBySpace(
        args,
        args.list(() => args.flag()),
      )
    : [];
  const date = args.next('"') ? followedBySpace(args, parseDateTime(args.string() ?? "")) : new Date();
  const raw = args.literal();
  args.end();
  if (raw.length === 0) throw new BadSyntax("The message is empty");
  const mailbox = account.mailbox(name);
  if (mailbox === undefined) return "NO [TRYCREATE] There is no such mailbox";
  const outcome = mailbox.append(raw, flags, date);
  if (outcome === "full") return "NO [OVERQUOTA] The sandbox is full";
  if (outcome === "too-many-keywords") return "NO [LIMIT] Too many different keywords";
  return `OK [APPENDUID ${mailbox.uidValidity} ${outcome.uid}] Appended`;
}

function followedBySpace<T>(args: Scanner, value: T): T {
  args.space();
  return value;
}
