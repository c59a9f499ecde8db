/** What IMAP says for what happened: RFC 9051 replies with the response codes of RFC 5530. */
import { offersNow, plaintextNow, type Dialect, type LogonOutcome } from "../front.ts";
import { oncePerFront } from "../session.ts";
import { TOLD_IN_WORDS, type ToldReason } from "../told.ts";
import type { ImapSession } from "./serve.ts";

/** Before logon; what the server behind can do is told with the logon. */
const ALWAYS = ["IMAP4rev1", "SASL-IR", "LITERAL+", "ID", "ENABLE", "IDLE"];
/** As Exchange lists them (seed 000). */
const EXCHANGE = ["IMAP4", "IMAP4rev1", "IDLE", "LITERAL+"];

export const words = {
  greeting(session: ImapSession): string {
    const { front } = session;
    const text = front.greeting ?? `${front.serverName} IMAP4rev1 ready`;
    return front.dialect === "exchange" ? `* OK ${text}\r\n` : `* OK [CAPABILITY ${capabilities(session)}] ${text}\r\n`;
  },
  capabilityDone: (tag: string, dialect: Dialect): string =>
    dialect === "exchange" ? `${tag} OK CAPABILITY completed.\r\n` : `${tag} OK Capability completed.\r\n`,
  badArguments: (tag: string): string => `${tag} BAD Wrong arguments.\r\n`,
  needsTls: (tag: string): string => `${tag} NO [PRIVACYREQUIRED] Plaintext logon needs TLS: use STARTTLS first.\r\n`,
  outcome,
};

export const capabilities = oncePerFront((session: ImapSession): string => {
  const { front, visit } = session;
  const list = front.dialect === "exchange" ? [...EXCHANGE] : [...ALWAYS];
  if (front.starttls && !visit.secure) list.push("STARTTLS");
  if (!front.judgePassword || !plaintextNow(front, visit)) {
    if (front.dialect !== "exchange") list.push("LOGINDISABLED");
  }
  return [...list, ...offersNow(front, visit).map((offer) => `AUTH=${offer.name}`)].join(" ");
});

/** Exchange sends the bare plus; gsasl, mutt and everything on Cyrus SASL want the blank behind it. */
export function emptyChallenge(dialect: Dialect): string {
  return dialect === "exchange" ? "+\r\n" : "+ \r\n";
}

function outcome(tag: string, mechanism: string, result: LogonOutcome, dialect: Dialect): string {
  switch (result.kind) {
    case "entered":
      return `${tag} OK ${success(mechanism, result.capabilities, dialect)}\r\n`;
    case "denied":
      return `${tag} NO ${refusal(result.told)}\r\n`;
    case "judge-unavailable":
    case "unavailable":
    case "refused":
      return `${tag} NO [UNAVAILABLE] Logon is not possible at the moment, try again later.\r\n`;
    case "in-use":
      return `${tag} NO [INUSE] The mailbox is in use by another session.\r\n`;
    case "cancelled":
      return `${tag} BAD Authentication cancelled by the client.\r\n`;
    case "malformed":
      return `${tag} BAD Malformed authentication data.\r\n`;
  }
}

/** EXPIRED is about the password; for the rest somebody has to be asked (RFC 5530 section 3). */
function refusal(told: ToldReason | undefined): string {
  if (told === undefined) return "[AUTHENTICATIONFAILED] Authentication failed.";
  const isPassword = told === "password-expired" || told === "must-change-password";
  return `[${isPassword ? "EXPIRED" : "CONTACTADMIN"}] ${TOLD_IN_WORDS[told]}`;
}

/** Never without text: Evolution waits for ever on a bare `OK`. */
function success(mechanism: string, capabilities: string | undefined, dialect: Dialect): string {
  if (dialect === "exchange")
    return mechanism === "LOGIN" ? "LOGIN completed." : `AUTHENTICATE ${mechanism} completed.`;
  return capabilities === undefined ? "Logged in." : `[CAPABILITY ${capabilities}] Logged in.`;
}
