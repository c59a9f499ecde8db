/** The protocols Postern speaks, in one table: the place to start reading, and to add another. */
import type { ProtocolName } from "../core/visit.ts";
import type { Enter } from "./enter.ts";
import type { Serve } from "./front.ts";
import { enter as enterImap } from "./imap/enter.ts";
import { serve as serveImap } from "./imap/serve.ts";
import { enter as enterPop3 } from "./pop3/enter.ts";
import { serve as servePop3 } from "./pop3/serve.ts";
import { enter as enterSmtp } from "./smtp/enter.ts";
import { serve as serveSmtp } from "./smtp/serve.ts";

export interface Protocol {
  /** Talks to the client until it is let in. */
  readonly serve: Serve;
  /** Logs on to a server. */
  readonly enter: Enter;
  /** What a client may ask for in ALPN (RFC 7301; IANA's registry). */
  readonly alpn: readonly string[];
  /** Said before closing, instead of a greeting. */
  readonly busy: (why: string) => string;
  /** Said before closing a client that does not come to the point. */
  readonly tooSlow: string;
}

export const protocols: Readonly<Record<ProtocolName, Protocol>> = {
  pop3: {
    serve: servePop3,
    enter: enterPop3,
    alpn: ["pop3"],
    busy: (why) => `-ERR [SYS/TEMP] ${why}, try again later.\r\n`,
    tooSlow: "-ERR Logon took too long.\r\n",
  },
  imap: {
    serve: serveImap,
    enter: enterImap,
    alpn: ["imap"],
    busy: (why) => `* BYE [UNAVAILABLE] ${why}, try again later.\r\n`,
    tooSlow: "* BYE Logon took too long.\r\n",
  },
  smtp: {
    serve: serveSmtp,
    enter: enterSmtp,
    alpn: ["smtp"],
    busy: (why) => `421 4.3.2 ${why}, try again later\r\n`,
    tooSlow: "421 4.4.2 Logon took too long\r\n",
  },
};
