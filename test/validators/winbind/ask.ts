/** A winbind validator over the scripted helper, and what it was told to log. */
import { fileURLToPath } from "node:url";
import { winbindValidator, type WinbindOptions } from "../../../src/validators/winbind/winbind.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { NAMES } from "../conformance.ts";

const FAKE = fileURLToPath(new URL("fake-ntlm-auth.js", import.meta.url));

export interface Asked {
  readonly validator: Validator;
  readonly logged: string[];
}

export function overFake(behaviour: string, options: Partial<WinbindOptions> = {}): Asked {
  const logged: string[] = [];
  const validator = winbindValidator({
    name: "samba",
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
    command: process.execPath,
    arguments: [FAKE, behaviour],
    lookup: process.execPath,
    lookupArguments: [FAKE, behaviour],
    machine: { domain: "EXAMPLE", computer: "MAIL", dnsDomain: "example.com" },
    names: NAMES,
    timeout: 1000,
    ...options,
  });
  return { validator, logged };
}
