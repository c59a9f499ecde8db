/** Commands of any state and of the not authenticated state (RFC 3501 sections 6.1 and 6.2, ID RFC 2971, ENABLE RFC 5161). */
import { MAX_FAILURES, readPlain } from "../door.ts";
import { LINE_LIMIT } from "./command-reader.ts";
import type { Scanner } from "./grammar.ts";
import { type CommandTable, type Reply, type Session, tell } from "./session.ts";

/** RFC 3501 section 5.4: the autologout timer is at least 30 minutes. */
const AUTOLOGOUT = 31 * 60_000;

/** RFC 2971 section 3.3: not more than 30 pairs. */
const MAX_ID_PAIRS = 30;

const EVERYWHERE = "IMAP4rev1 LITERAL+ ID ENABLE";
const BEFORE_LOGON = `${EVERYWHERE} SASL-IR AUTH=PLAIN`;
const AFTER_LOGON = `${EVERYWHERE} IDLE NAMESPACE UIDPLUS SPECIAL-USE CHILDREN UNSELECT MOVE`;

export function capabilities(session: Session): string {
  return `CAPABILITY ${session.account === undefined ? BEFORE_LOGON : AFTER_LOGON}`;
}

export const logonCommands: CommandTable = {
  CAPABILITY: { state: "any", run: capability },
  NOOP: { state: "any", run: noop },
  LOGOUT: { state: "any", run: logout },
  ID: { state: "any", run: id },
  ENABLE: { state: "authenticated", run: enable },
  LOGIN: { state: "guest", run: login },
  AUTHENTICATE: { state: "guest", run: authenticate },
};

async function capability(session: Session, args: Scanner): Promise<Reply> {
  args.end();
  await tell(session, capabilities(session));
  return "OK That is all there is";
}

/** The news that NOOP is asked for go out after every command. */
function noop(_: Session, args: Scanner): Reply {
  args.end();
  return "OK Still here";
}

async function logout(session: Session, args: Scanner): Promise<Reply> {
  args.end();
  session.over = true;
  await tell(session, "BYE Until next time");
  return "OK Logged out";
}

async function id(session: Session, args: Scanner): Promise<Reply> {
  args.space();
  const fields = args.next("(") ? args.list(() => args.nstring()) : [args.nstring()];
  args.end();
  if (fields.length > 2 * MAX_ID_PAIRS) return "BAD That is too much to remember";
  await tell(session, 'ID ("name" "Postern sandbox")');
  return "OK Pleased to meet you";
}

/** There is nothing to enable yet, and RFC 5161 section 3.1 has unknown names passed over in silence. */
async function enable(session: Session, args: Scanner): Promise<Reply> {
  do {
    args.space();
    args.atom();
  } while (!args.atEnd);
  await tell(session, "ENABLED");
  return "OK Enabled what there is";
}

function login(session: Session, args: Scanner): Reply {
  args.space();
  const user = args.astring();
  args.space();
  const password = args.astring();
  args.end();
  return admit(session, user, password);
}

async function authenticate(session: Session, args: Scanner): Promise<Reply> {
  args.space();
  const mechanism = args.atom();
  const initial = args.atEnd ? undefined : base64Argument(args);
  args.end();
  if (mechanism.toUpperCase() !== "PLAIN") return "NO There is only PLAIN";
  const response = initial ?? (await challenge(session));
  if (response === "*") return "BAD Cancelled";
  const credentials = readPlain(response);
  if (credentials === undefined) return "BAD That is not a PLAIN response";
  return admit(session, credentials.user, credentials.password);
}

function base64Argument(args: Scanner): string {
  args.space();
  return args.atom();
}

async function challenge({ connection }: Session): Promise<string> {
  await connection.out.write("+ \r\n");
  return (await connection.reader.line(LINE_LIMIT)).trim();
}

function admit(session: Session, user: string, password: string): Reply {
  session.account = session.door(user, password);
  if (session.account !== undefined) {
    session.connection.patience(AUTOLOGOUT);
    return `OK [${capabilities(session)}] Logged on`;
  }
  session.over = ++session.failures >= MAX_FAILURES;
  return "NO [AUTHENTICATIONFAILED] The name or the password is wrong";
}
