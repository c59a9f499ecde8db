/** Servers behind that let everybody in and then say back what they hear. */
import type { ProtocolName } from "../../src/core/visit.ts";
import { StagedBackend } from "./backend.ts";
import type { Talker } from "./talker.ts";

/** `delay`: milliseconds before each answer. */
export async function openEchoBackend(protocol: ProtocolName, delay = 0): Promise<StagedBackend> {
  const backend = await StagedBackend.open();
  backend.autoplay = (talker) => {
    void play(talker, protocol, delay).catch(() => talker.destroy());
    return true;
  };
  return backend;
}

type Answer = (line: string) => string;

/** What is said to the lines before logon; the empty answer ends the dialogue. */
const LETS_IN: Readonly<Record<ProtocolName, { greeting: string; answer: Answer; isLast: (line: string) => boolean }>> =
  {
    pop3: { greeting: "+OK store", answer: () => "+OK", isLast: (line) => line.startsWith("PASS") },
    imap: { greeting: "* OK store", answer: (line) => `${line.split(" ")[0]} OK done`, isLast: () => true },
    smtp: {
      greeting: "220 store",
      answer: (line) =>
        line.startsWith("AUTH") ? "235 ok" : line === "QUIT" ? "221 bye" : "250-store\r\n250 AUTH PLAIN",
      isLast: (line) => line.startsWith("AUTH") || line === "QUIT",
    },
  };

async function play(talker: Talker, protocol: ProtocolName, delay: number): Promise<void> {
  const { greeting, answer, isLast } = LETS_IN[protocol];
  talker.send(`${greeting}\r\n`);
  for (;;) {
    const line = await talker.line(60_000);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    talker.send(`${answer(line)}\r\n`);
    if (isLast(line)) break;
  }
  const socket = talker.letGo();
  if (talker.heard.length > 0) socket.write(talker.heard);
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
}
