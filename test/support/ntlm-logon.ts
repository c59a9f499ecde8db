/** An IMAP client that logs on by NTLM, over a connection without TLS. */
import { createClient, type NtlmClientOptions } from "../../src/library/ntlm/client.ts";
import type { Talker } from "./talker.ts";

/** Longer than a gateway makes a client wait for a slow domain. */
const PATIENCE = 60_000;

/** Waits for the greeting, logs on, and gives back the last answer. */
export async function logOnByNtlm(talker: Pick<Talker, "line" | "send">, options: NtlmClientOptions): Promise<string> {
  const client = createClient(options);
  await talker.line(PATIENCE);
  talker.send("a1 AUTHENTICATE NTLM\r\n");
  await talker.line(PATIENCE);
  talker.send(`${Buffer.from(client.negotiate()).toString("base64")}\r\n`);
  const challenge = await talker.line(PATIENCE);
  if (!challenge.startsWith("+ ")) return challenge;
  const authenticate = client.authenticate(Buffer.from(challenge.slice(2), "base64"));
  talker.send(`${Buffer.from(authenticate).toString("base64")}\r\n`);
  return talker.line(PATIENCE);
}
