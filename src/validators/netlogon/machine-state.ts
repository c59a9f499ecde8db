/** The file with the machine password: read, and replaced in one piece. All passwords that may hold are in it. */
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { Secret } from "../../core/secret.ts";
import { replaceFileSync } from "../../disk/replace-file.ts";

export interface MachineState {
  /** NetBIOS names, upper case. */
  readonly domain: string;
  readonly computer: string;
  /** The one that a domain controller has confirmed. */
  readonly password: Secret;
  /** A new one that was sent and of which nobody knows whether it holds. */
  readonly pending?: Secret | undefined;
  /** The one before: a controller that the change has not reached yet still has it. */
  readonly previous?: Secret | undefined;
  readonly changed: Date;
}

/** Bytes; three passwords of 256 characters and some names are under 4 KiB. */
const SIZE_LIMIT = 16 * 1024;

/** Throws Error with a sentence for the administrator. */
export function readState(path: string): MachineState {
  const text = readOwned(path);
  const fields = parse(text);
  const { domain, computer, password, pending, previous, changed } = fields ?? {};
  const date = new Date(changed ?? NaN);
  if (domain === undefined || computer === undefined || !password || Number.isNaN(date.getTime()))
    throw new Error(`${path} is no file that "postern netlogon join" has written`);
  return {
    ...{ domain, computer, password: new Secret(password), changed: date },
    ...(pending !== undefined && { pending: new Secret(pending) }),
    ...(previous !== undefined && { previous: new Secret(previous) }),
  };
}

/** In the order in which they are likely to be right. */
export function passwordsOf({ password, pending, previous }: MachineState): readonly Secret[] {
  return [pending, password, previous].filter((each) => each !== undefined);
}

/** A new file under the old name: whoever reads sees the one or the other, also after a power failure. Throws Error. */
export function writeState(path: string, { password, pending, previous, changed, ...names }: MachineState): void {
  const secrets = { password: password.reveal(), pending: pending?.reveal(), previous: previous?.reveal() };
  const text = `${JSON.stringify({ ...names, ...secrets, changed: changed.toISOString() }, undefined, 2)}\n`;
  try {
    replaceFileSync(path, text);
  } catch (error) {
    throw new Error(`${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

/** 64 characters with 384 bits in them, of all the kinds that a domain may ask for. */
export function newMachinePassword(): Secret {
  return new Secret(`${randomBytes(48).toString("base64url").slice(0, 60)}.0aA`);
}

function readOwned(path: string): string {
  let facts;
  try {
    facts = statSync(path);
    if ((facts.mode & 0o077) === 0 && facts.size <= SIZE_LIMIT) return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new Error(`${path} cannot be read (${code}): "postern netlogon join" writes it`, { cause: error });
  }
  if (facts.size > SIZE_LIMIT) throw new Error(`${path} is no file that "postern netlogon join" has written`);
  // Whoever reads it can speak for the machine, and learn from controllers what users' responses are worth.
  throw new Error(`others can read ${path}, which holds the machine password: chmod 600 ${path}`);
}

/** Every value that is a string; undefined for what is no object. */
function parse(text: string): Readonly<Record<string, string>> | undefined {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data !== "object" || data === null) return undefined;
    return Object.fromEntries(Object.entries(data).filter(([, value]) => typeof value === "string" && value !== ""));
  } catch {
    return undefined; // the error would quote the text
  }
}
