/** A visit as validators and mechanisms see it. */
import type { Visit } from "../../src/core/visit.ts";

export const VISIT: Visit = {
  id: "test-1",
  protocol: "imap",
  listener: "front",
  client: { address: "192.0.2.7", port: 4321 },
  secure: true,
  channelBinding: undefined,
  tls: undefined,
};
