/** A client that logs on with a password, over a connection that takes one. */
import type { ProtocolName } from "../../src/core/visit.ts";
import type { Talker } from "./talker.ts";

const DIALOGUE: Readonly<Record<ProtocolName, (user: string, password: string) => readonly string[]>> = {
  pop3: (user, password) => [`USER ${user}`, `PASS ${password}`],
  imap: (user, password) => [`a1 LOGIN ${user} ${password}`],
  smtp: (user, password) => ["EHLO me", `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString("base64")}`],
};

/** Waits for the greeting, logs on, and gives back the last answer. */
export async function logOn(
  talker: Talker,
  protocol: ProtocolName,
  user = "alice",
  password = "secret",
): Promise<string> {
  await talker.line();
  let answer = "";
  for (const command of DIALOGUE[protocol](user, password)) {
    talker.send(`${command}\r\n`);
    do answer = await talker.line();
    while (/^250-/.test(answer));
  }
  return answer;
}

/** What each protocol says when it worked. */
export const LOGGED_ON: Readonly<Record<ProtocolName, RegExp>> = { pop3: /^\+OK/, imap: /^a1 OK/, smtp: /^235 / };
