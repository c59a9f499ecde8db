/**
 * POP3 in front: AUTHORIZATION state (RFC 1939 section 4, CAPA RFC 2449, STLS RFC 2595, AUTH RFC 5034, response codes
 * RFC 2449 and 3206). The session enters TRANSACTION state at the server behind, and its bytes are relayed.
 */
import { isPending, whenKnown, type Answer } from "../../core/answer.ts";
import { Secret } from "../../core/secret.ts";
import { SASL_LINE_LIMIT, type Framing } from "../../sasl/converse.ts";
import { findOffer, plaintextNow, type Serve } from "../front.ts";
import { Session, type Step } from "../session.ts";
import { textOfLine, withoutTrailingBlanks, wordsOf } from "../text.ts";
import { bareAuth, capa, firstChallenge, words } from "./words.ts";

interface Pop3State {
  /** It asked CAPA, so it knows RFC 2449 and 5034. */
  askedCapa: boolean;
  /** From USER, waiting for PASS. */
  user: string | undefined;
}

export type Pop3Session = Session<Pop3State>;

export const serve: Serve = async (client, front, visit) => {
  const state: Pop3State = { askedCapa: false, user: undefined };
  const session = new Session(client, front, visit, state, () => words.tooManyBad);
  client.write(words.greeting(front));
  for (;;) {
    const line = await client.readLine(front.limits.line);
    const leads = line === undefined ? session.bad(words.lineTooLong) : obey(session, line);
    const step = isPending(leads) ? await leads : leads;
    if (step === "leave") return undefined;
    if (step) return step;
  }
};

function obey(session: Pop3Session, line: string): Answer<Step> {
  const [verb = "", ...args] = wordsOf(withoutTrailingBlanks(line));
  switch (verb.toUpperCase()) {
    case "CAPA":
      session.state.askedCapa = true;
      return session.say(capa(session));
    case "AUTH":
      return args.length === 0 ? session.say(bareAuth(session)) : auth(session, args);
    case "USER":
      return user(session, withoutTrailingBlanks(line.slice(verb.length), " ").replace(/^ +/, ""));
    case "PASS":
      return pass(session, line.slice(verb.length + 1));
    case "STLS":
      return stls(session);
    case "NOOP":
      return session.say("+OK\r\n");
    case "QUIT":
      return session.leave("+OK Bye.\r\n");
    default:
      return session.bad(words.unknownCommand);
  }
}

function auth(session: Pop3Session, [name = "", initial, ...more]: string[]): Answer<Step> {
  const { front, visit, logon } = session;
  if (more.length > 0) return session.bad(words.badArguments);
  const offer = findOffer(front, visit, name);
  if (!offer) return session.bad(words.unknownMechanism);
  return whenKnown(logon.bySasl(offer, initial, framing(session, offer.name)), (outcome) =>
    session.conclude(outcome, words.outcome(outcome, front.dialect), ""),
  );
}

function framing(session: Pop3Session, mechanism: string): Framing {
  const { client } = session;
  return {
    challenge: (base64, first) =>
      client.write(first && base64 === "" ? firstChallenge(session, mechanism) : `+ ${base64}\r\n`),
    answer: () => client.readLine(SASL_LINE_LIMIT),
  };
}

function user(session: Pop3Session, name: string): Step {
  if (!session.front.judgePassword) return session.bad(words.unknownCommand);
  if (!plaintextNow(session.front, session.visit)) return session.bad(words.needsTls);
  if (name === "") return session.bad(words.badArguments);
  session.state.user = name;
  return session.say("+OK\r\n");
}

function pass(session: Pop3Session, password: string): Answer<Step> {
  const { front, logon, state } = session;
  const username = state.user;
  state.user = undefined;
  if (username === undefined) return session.bad(words.userFirst);
  const evidence = { username: textOfLine(username), password: new Secret(textOfLine(password)) };
  return whenKnown(logon.byPassword("USER", evidence), (outcome) =>
    session.conclude(outcome, words.outcome(outcome, front.dialect), ""),
  );
}

async function stls(session: Pop3Session): Promise<Step> {
  const { client, front, visit, state } = session;
  if (visit.secure) return session.say(words.alreadyTls);
  if (!front.starttls) return session.bad(words.unknownCommand);
  client.write("+OK Begin TLS negotiation\r\n");
  await front.secure(client, visit);
  // Nothing heard before TLS counts after it.
  state.user = undefined;
  state.askedCapa = false;
  return undefined;
}
