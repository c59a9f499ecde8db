/** The message that waits in every new INBOX: an Internet message (RFC 5322) with MIME headers (RFC 2045). */
import { randomUUID } from "node:crypto";

const DOMAIN = "postern.invalid";

/** The whole message with CRLF line ends, ready to be stored. */
export function welcomeMessage(user: string, now: Date = new Date()): Buffer {
  return Buffer.from([...header(user, now), "", ...text(user), ""].join("\r\n"), "utf8");
}

function header(user: string, now: Date): string[] {
  return [
    `Date: ${messageDate(now)}`,
    `From: Postern <postern@${DOMAIN}>`,
    `To: ${addressOf(user)}`,
    "Subject: Welcome to Postern's sandbox",
    `Message-ID: <${randomUUID()}@${DOMAIN}>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
  ];
}

function text(user: string): string[] {
  return [
    `You are reading the mail of "${displayable(user)}".`,
    "",
    "Your mail program logged on to Postern, Postern checked who you are, logged on to",
    "this mailbox in its own way, and now passes every byte on unchanged.",
    "",
    "This mailbox belongs to the sandbox. It lives in memory and is gone when the",
    "sandbox ends. Until then it does what a mailbox does: read it over POP3 or IMAP,",
    "set flags, make folders, and send mail over SMTP. Mail to another user of the",
    "sandbox arrives in that user's INBOX; mail to anyone else comes back to your own,",
    "and nothing ever leaves this machine.",
  ];
}

/** RFC 5322 section 3.3, in UTC: `Mon, 05 Jan 2026 10:00:00 +0000`. */
function messageDate(date: Date): string {
  return date.toUTCString().replace("GMT", "+0000");
}

/** A user name is configuration and perhaps no local part; one that would need quoting stays out of the address. */
function addressOf(user: string): string {
  if (/^[\w.+-]+@[\w.-]+$/.test(user)) return user;
  return /^[\w+-]+(\.[\w+-]+)*$/.test(user) ? `${user}@${DOMAIN}` : `you@${DOMAIN}`;
}

function displayable(user: string): string {
  return user.replace(/[\u0000-\u001f\u007f]/g, "?");
}
