/**
 * SMTP submission in front, up to AUTH (RFC 6409, 5321, AUTH RFC 4954, STARTTLS RFC 3207, enhanced codes RFC 2034 and
 * 5248). Mail itself is the business of the server behind: before logon every other command is answered with 530.
 */
import { isPending, whenKnown, type Answer } from "../../core/answer.ts";
import { isPrintableAscii } from "../../core/ascii.ts";
import { SASL_LINE_LIMIT, type Framing } from "../../sasl/converse.ts";
import { findOffer, type Serve } from "../front.ts";
import { Session, type Step } from "../session.ts";
import { wordsOf } from "../text.ts";
import { ehloReply, words } from "./words.ts";

interface SmtpState {
  /** Has said EHLO since the start or since TLS began. */
  greeted: boolean;
}

export type SmtpSession = Session<SmtpState>;

export const serve: Serve = async (client, front, visit) => {
  const session = new Session(client, front, visit, { greeted: false }, () => words.tooManyBad);
  client.write(words.greeting(front));
  for (;;) {
    const line = await client.readLine(Math.max(front.limits.line, SASL_LINE_LIMIT));
    const leads = line === undefined ? session.bad(words.lineTooLong) : obey(session, line.trimEnd());
    const step = isPending(leads) ? await leads : leads;
    if (step === "leave") return undefined;
    if (step) return step;
  }
};

function obey(session: SmtpSession, line: string): Answer<Step> {
  const [verb = "", ...args] = wordsOf(line);
  switch (verb.toUpperCase()) {
    case "EHLO":
      return greet(session, args[0] ?? "", ehloReply(session));
    case "HELO":
      return greet(session, args[0] ?? "", `250 ${session.front.serverName}\r\n`);
    case "AUTH":
      return auth(session, args);
    case "STARTTLS":
      return starttls(session, args);
    case "NOOP":
    case "RSET":
      return session.say("250 2.0.0 OK\r\n");
    case "HELP":
      return session.say("214 2.0.0 Log on with AUTH, then the mail server behind answers.\r\n");
    case "VRFY":
      return session.say("252 2.5.2 Cannot VRFY before logon.\r\n");
    case "QUIT":
      return session.leave("221 2.0.0 Bye\r\n");
    case "MAIL":
    case "RCPT":
    case "DATA":
    case "BDAT":
    case "EXPN":
    case "ETRN":
      return session.bad(words.logonFirst);
    default:
      return session.bad(words.unknownCommand);
  }
}

/** An empty name is accepted: MS-SMTPNTLM asks for it. What is not printable is kept from logs and backends. */
function greet(session: SmtpSession, name: string, reply: string): Step {
  session.state.greeted = true;
  session.logon.helo = isPrintableAscii(name) && name !== "" && name.length <= 255 ? name : undefined;
  return session.say(reply);
}

function auth(session: SmtpSession, [name = "", initial, ...more]: string[]): Answer<Step> {
  const { front, visit, logon } = session;
  if (!session.state.greeted) return session.bad(words.helloFirst);
  if (name === "" || more.length > 0) return session.bad(words.badArguments);
  const offer = findOffer(front, visit, name);
  if (!offer) {
    const hidden = front.offers.some((each) => each.name === name.toUpperCase());
    return session.bad(hidden ? words.needsTls : words.unknownMechanism);
  }
  return whenKnown(logon.bySasl(offer, initial, framing(session)), (outcome) =>
    session.conclude(outcome, words.outcome(outcome, offer.name, front.dialect), words.tooManyFailures),
  );
}

function framing({ client }: SmtpSession): Framing {
  return {
    // The blank is required, also before nothing: msmtp, swaks and gsasl break without it.
    challenge: (base64) => client.write(`334 ${base64}\r\n`),
    answer: () => client.readLine(SASL_LINE_LIMIT),
  };
}

async function starttls(session: SmtpSession, args: string[]): Promise<Step> {
  const { client, front, visit } = session;
  if (args.length > 0) return session.bad(words.badArguments);
  if (visit.secure) return session.bad(words.alreadyTls);
  if (!front.starttls) return session.bad(words.unknownCommand);
  client.write("220 2.0.0 Ready to start TLS\r\n");
  await front.secure(client, visit);
  // Nothing heard before TLS counts after it.
  session.state.greeted = false;
  session.logon.helo = undefined;
  return undefined;
}
