/** What POP3 says for what happened: RFC 1939 replies, [AUTH] and [SYS/TEMP] of RFC 3206, [IN-USE] of RFC 2449. */
import { offersNow, plaintextNow, type Dialect, type Front, type LogonOutcome } from "../front.ts";
import { oncePerFront } from "../session.ts";
import { TOLD_IN_WORDS, type ToldReason } from "../told.ts";
import type { Pop3Session } from "./serve.ts";

export const words = {
  greeting: (front: Front): string => `+OK ${front.greeting ?? `${front.serverName} POP3 ready`}\r\n`,
  unknownCommand: "-ERR Unknown command.\r\n",
  badArguments: "-ERR Wrong number of arguments.\r\n",
  unknownMechanism: "-ERR Authentication mechanism not available.\r\n",
  lineTooLong: "-ERR Line too long.\r\n",
  needsTls: "-ERR [AUTH] Plaintext logon needs TLS: use STLS first.\r\n",
  userFirst: "-ERR USER first.\r\n",
  alreadyTls: "-ERR Command not permitted when TLS active\r\n",
  tooManyBad: "-ERR Too many bad commands.\r\n",
  outcome,
};

function outcome(result: LogonOutcome, dialect: Dialect): string {
  switch (result.kind) {
    case "entered":
      return dialect === "exchange" ? "+OK User successfully logged on\r\n" : "+OK Logged in.\r\n";
    case "denied":
      return `-ERR ${refusal(result.told)}\r\n`;
    case "judge-unavailable":
    case "unavailable":
    case "refused":
      return "-ERR [SYS/TEMP] Logon is not possible at the moment, try again later.\r\n";
    case "in-use":
      return "-ERR [IN-USE] The mailbox is in use by another session.\r\n";
    case "cancelled":
      return "-ERR The AUTH protocol exchange was canceled by the client.\r\n";
    case "malformed":
      return "-ERR Malformed authentication data.\r\n";
  }
}

/** SYS/TEMP for what passes by itself, SYS/PERM for what an operator must change (RFC 3206 sections 4 and 5). */
function refusal(told: ToldReason | undefined): string {
  if (told === undefined) return "[AUTH] Logon failure: unknown user name or bad password.";
  return `${CODES[told] ?? "[SYS/PERM]"} ${TOLD_IN_WORDS[told]}`;
}

const CODES: Readonly<Partial<Record<ToldReason, string>>> = {
  "password-expired": "[AUTH]",
  "must-change-password": "[AUTH]",
  "locked-out": "[SYS/TEMP]",
  "logon-hours": "[SYS/TEMP]",
};

/** One list before and after logon cannot be promised for a server not yet known: only what every server has is listed. */
export const capa = oncePerFront((session: Pop3Session): string => {
  const { front, visit } = session;
  const names = offersNow(front, visit).map((offer) => offer.name);
  const lines = ["+OK Capability list follows", "TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"];
  if (front.judgePassword && plaintextNow(front, visit)) lines.push("USER");
  if (names.length > 0) lines.push(`SASL ${names.join(" ")}`);
  if (front.starttls && !visit.secure) lines.push("STLS");
  return [...lines, ".", ""].join("\r\n");
});

/** AUTH without arguments lists the mechanisms: Outlook's way to ask, older than CAPA. */
export function bareAuth({ front, visit }: Pop3Session): string {
  const names = offersNow(front, visit).map((offer) => offer.name);
  return ["+OK The operation completed successfully.", ...names, ".", ""].join("\r\n");
}

/**
 * The reply to `AUTH NTLM`: RFC 5034's empty challenge, or the "non-challenge" `+ OK` that clients older than CAPA were
 * written for. Never `+OK`: curl, Thunderbird, Evolution and mutt would take it for success.
 */
export function firstChallenge(session: Pop3Session, mechanism: string): string {
  const { dialect } = session.front;
  const old = mechanism === "NTLM" && (dialect === "exchange" || (dialect === "auto" && !session.state.askedCapa));
  return old ? "+ OK\r\n" : "+ \r\n";
}
