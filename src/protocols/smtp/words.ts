/** What SMTP says for what happened: RFC 5321 and 4954 replies with the enhanced codes of RFC 3463 and 5248. */
import { offersNow, type Dialect, type Extensions, type Front, type LogonOutcome } from "../front.ts";
import { oncePerFront } from "../session.ts";
import { TOLD_IN_WORDS, type ToldReason } from "../told.ts";
import type { SmtpSession } from "./serve.ts";

export const words = {
  greeting: (front: Front): string => `220 ${front.serverName} ${front.greeting ?? "ESMTP ready"}\r\n`,
  unknownCommand: "500 5.5.1 Command not recognized.\r\n",
  badArguments: "501 5.5.4 Wrong arguments.\r\n",
  lineTooLong: "500 5.5.6 Line too long.\r\n",
  helloFirst: "503 5.5.1 EHLO first.\r\n",
  logonFirst: "530 5.7.0 Authentication required.\r\n",
  needsTls: "538 5.7.11 This mechanism needs TLS: use STARTTLS first.\r\n",
  unknownMechanism: "504 5.5.4 Authentication mechanism not available.\r\n",
  alreadyTls: "503 5.5.1 TLS is already active.\r\n",
  tooManyBad: "421 4.7.0 Too many bad commands.\r\n",
  tooManyFailures: "421 4.7.0 Too many failed logons.\r\n",
  outcome,
};

function outcome(result: LogonOutcome, mechanism: string, dialect: Dialect): string {
  switch (result.kind) {
    case "entered":
      return dialect === "exchange"
        ? `235 ${mechanism} authentication successful.\r\n`
        : "235 2.7.0 Authentication successful\r\n";
    case "denied":
      return `${refusal(result.told, dialect)}\r\n`;
    case "judge-unavailable":
    case "unavailable":
    case "refused":
    case "in-use":
      return "454 4.7.0 Logon is not possible at the moment, try again later\r\n";
    case "cancelled":
      return "501 5.0.0 Authentication cancelled by the client\r\n";
    case "malformed":
      return "501 5.5.2 Malformed authentication data\r\n";
  }
}

/** 525 5.7.13 is RFC 5248's "user account disabled"; 454 4.7.0 what passes by itself (RFC 4954 section 6). */
function refusal(told: ToldReason | undefined, dialect: Dialect): string {
  if (told !== undefined) return `${CODES[told] ?? "535 5.7.8"} ${TOLD_IN_WORDS[told]}`;
  return dialect === "exchange"
    ? "535 5.7.3 Authentication unsuccessful"
    : "535 5.7.8 Authentication credentials invalid";
}

const CODES: Readonly<Partial<Record<ToldReason, string>>> = {
  disabled: "525 5.7.13",
  expired: "525 5.7.13",
  "locked-out": "454 4.7.0",
  "logon-hours": "454 4.7.0",
};

/** Extensions whose commands and parameters pass through to the server behind, as far as it has them. */
const PASSED_ON = ["PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING"];

export function ehloReply(session: SmtpSession): string {
  const { front, visit } = session;
  if (front.dialect !== "exchange") return rfcReply(session);
  return multiline([`${front.serverName} Hello [${visit.client.address}]`, ...exchangeLines(session)]);
}

/** The same for all clients, until the server behind is found to have other extensions. */
function rfcReply(session: SmtpSession): string {
  const extensions = session.front.extensions();
  const known = rfcReplies.get(extensions);
  if (known) return known(session);
  const replies = oncePerFront((one: SmtpSession) => multiline([one.front.serverName, ...rfcLines(one)]));
  rfcReplies.set(extensions, replies);
  return replies(session);
}

const rfcReplies = new WeakMap<Extensions, (session: SmtpSession) => string>();

function multiline(lines: readonly string[]): string {
  return lines.map((line, index) => `250${index < lines.length - 1 ? "-" : " "}${line}\r\n`).join("");
}

function rfcLines(session: SmtpSession): string[] {
  const { front } = session;
  const mechanisms = mechanismNames(session);
  const lines = passedOn(front.extensions());
  if (front.starttls && !session.visit.secure) lines.push("STARTTLS");
  // The second form is that of a draft; old Outlook Express and Netscape look for it.
  if (mechanisms !== "") lines.push(`AUTH ${mechanisms}`, `AUTH=${mechanisms}`);
  return [...lines, "ENHANCEDSTATUSCODES"];
}

/** In the order that seed dialogues of Exchange show. */
function exchangeLines(session: SmtpSession): string[] {
  const { front } = session;
  const mechanisms = mechanismNames(session);
  const tls = front.starttls && !session.visit.secure ? ["STARTTLS"] : [];
  const auth = mechanisms === "" ? [] : [`AUTH ${mechanisms}`, `AUTH=${mechanisms}`];
  return ["HELP", ...tls, ...auth, ...passedOn(front.extensions())];
}

const mechanismNames = oncePerFront(({ front, visit }: SmtpSession): string =>
  offersNow(front, visit)
    .map((offer) => offer.name)
    .join(" "),
);

/** Nothing but the keyword and a number comes from the server behind: its other words are not ours to say. */
function passedOn(extensions: Extensions): string[] {
  return PASSED_ON.filter((name) => extensions.has(name)).map((name) => {
    const size = name === "SIZE" ? extensions.get(name)! : "";
    return /^\d{1,20}$/.test(size) ? `${name} ${size}` : name;
  });
}
