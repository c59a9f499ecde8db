/**
 * IMAP in front: not authenticated state (RFC 9051 section 6.1 and 6.2, RFC 3501, SASL-IR RFC 4959, ID RFC 2971). The
 * session enters authenticated state at the server behind, and its bytes are relayed.
 */
import { isPending, whenKnown, type Answer } from "../../core/answer.ts";
import { Secret } from "../../core/secret.ts";
import { SASL_LINE_LIMIT, type Framing } from "../../sasl/converse.ts";
import { findOffer, plaintextNow, type LogonOutcome, type Serve } from "../front.ts";
import { Session, type Step } from "../session.ts";
import { textOfLine, wordsOf } from "../text.ts";
import { astrings, readCommand, type Command, type Unreadable } from "./command.ts";
import { capabilities, emptyChallenge, words } from "./words.ts";

export type ImapSession = Session<undefined>;

export const serve: Serve = async (client, front, visit) => {
  const session = new Session(client, front, visit, undefined, (reply) => `${reply}* BYE Too many bad commands\r\n`);
  client.write(words.greeting(session));
  for (;;) {
    const command = await readCommand(client, front.limits.line);
    const leads = "why" in command ? unreadable(session, command) : obey(session, command);
    const step = isPending(leads) ? await leads : leads;
    if (step === "leave") return undefined;
    if (step) return step;
  }
};

function obey(session: ImapSession, command: Command): Answer<Step> {
  const { tag, name } = command;
  switch (name) {
    case "CAPABILITY":
      return session.say(
        `* CAPABILITY ${capabilities(session)}\r\n${words.capabilityDone(tag, session.front.dialect)}`,
      );
    case "ID":
      // What clients claim here (x-originating-ip and its like) is believed from nobody.
      return session.say(`* ID ("name" "Postern")\r\n${tag} OK ID completed.\r\n`);
    case "NOOP":
      return session.say(`${tag} OK NOOP completed.\r\n`);
    case "LOGOUT":
      return session.leave(`* BYE Logging out\r\n${tag} OK LOGOUT completed.\r\n`);
    case "STARTTLS":
      return starttls(session, tag);
    case "LOGIN":
      return login(session, command);
    case "AUTHENTICATE":
      return authenticate(session, command);
    default:
      return session.bad(`${tag} BAD Command unknown, or not possible before logon.\r\n`);
  }
}

function authenticate(session: ImapSession, { tag, parts }: Command): Answer<Step> {
  const [name = "", initial, ...more] = wordsOf((parts[0] as { text: string }).text).filter(Boolean);
  if (name === "" || more.length > 0) return session.bad(words.badArguments(tag));
  const offer = findOffer(session.front, session.visit, name);
  if (!offer) return session.bad(`${tag} NO Authentication mechanism not available.\r\n`);
  return whenKnown(session.logon.bySasl(offer, initial, framing(session)), (outcome) =>
    conclude(session, tag, offer.name, outcome),
  );
}

function framing({ client, front }: ImapSession): Framing {
  return {
    challenge: (base64) => client.write(base64 === "" ? emptyChallenge(front.dialect) : `+ ${base64}\r\n`),
    answer: () => client.readLine(SASL_LINE_LIMIT),
  };
}

function login(session: ImapSession, { tag, parts }: Command): Answer<Step> {
  const { front, visit, logon } = session;
  if (!front.judgePassword) return session.bad(`${tag} NO [CANNOT] LOGIN is disabled.\r\n`);
  if (!plaintextNow(front, visit)) return session.bad(words.needsTls(tag));
  const [username, password, ...more] = astrings(parts) ?? [];
  if (username === undefined || password === undefined || more.length > 0) return session.bad(words.badArguments(tag));
  const evidence = { username: textOfLine(username), password: new Secret(textOfLine(password)) };
  return whenKnown(logon.byPassword("LOGIN", evidence), (outcome) => conclude(session, tag, "LOGIN", outcome));
}

function conclude(session: ImapSession, tag: string, mechanism: string, outcome: LogonOutcome): Step {
  const reply = words.outcome(tag, mechanism, outcome, session.front.dialect);
  return session.conclude(outcome, reply, "* BYE Too many failed logons\r\n");
}

async function starttls(session: ImapSession, tag: string): Promise<Step> {
  const { client, front, visit } = session;
  if (visit.secure) return session.bad(`${tag} BAD TLS is already active.\r\n`);
  if (!front.starttls) return session.bad(`${tag} BAD TLS is not available.\r\n`);
  client.write(`${tag} OK Begin TLS negotiation now.\r\n`);
  await front.secure(client, visit);
  return undefined;
}

function unreadable(session: ImapSession, { tag, why, fatal }: Unreadable): Step {
  if (fatal) return session.leave(`* BYE ${why}\r\n`);
  return session.bad(`${tag} BAD ${why}.\r\n`);
}
