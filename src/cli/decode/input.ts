/** What `postern decode` reads: arguments, files and standard input as one text, and the password from where `ps` cannot see it. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { isSpnego } from "./tokens.ts";

/** A pasted dialogue has kilobytes, the part of a log with some logons not much more; this takes under a second. Bytes. */
export const INPUT_LIMIT = 2 * 1024 * 1024;
/** No validator takes a longer password. */
const PASSWORD_LIMIT = 1024;
const STANDARD_INPUT = 0;
/** PATH_MAX: what is longer is a message. */
const LONGEST_PATH = 4096;

/** A mistake of the user's, in a sentence. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** Arguments that name a file are read; no argument, or "-", is standard input. Throws InputError. */
export function readInput(messages: readonly string[]): string {
  const text = (messages.length === 0 ? ["-"] : messages).map(readArgument).join("\n");
  if (text.length > INPUT_LIMIT) throw tooMuch();
  return text;
}

export interface PasswordSource {
  readonly password?: string;
  /** A file whose first line it is. */
  readonly passwordFile?: string;
  /** The name of an environment variable. */
  readonly passwordEnv?: string;
  /** All of standard input but its line end. */
  readonly passwordStdin?: boolean;
}

/** undefined when none is given. Throws InputError. */
export function readPassword(source: PasswordSource): string | undefined {
  const { password, passwordFile, passwordEnv, passwordStdin } = source;
  const given = [password, passwordFile, passwordEnv, passwordStdin].filter((each) => each !== undefined);
  if (given.length > 1) throw new InputError("give the password in one way only");
  const found = passwordOf(source);
  if (found !== undefined && found.length > PASSWORD_LIMIT)
    throw new InputError(`the password is longer than ${PASSWORD_LIMIT} characters`);
  return found;
}

function passwordOf({ password, passwordFile, passwordEnv, passwordStdin }: PasswordSource): string | undefined {
  if (passwordFile !== undefined) return readFile(passwordFile).toString("utf8").split(/\r?\n/, 1)[0] ?? "";
  if (passwordStdin === true)
    return readFile(STANDARD_INPUT)
      .toString("utf8")
      .replace(/\r?\n$/, "");
  if (passwordEnv === undefined) return password;
  const value = process.env[passwordEnv];
  if (value === undefined) throw new InputError(`the environment has no variable ${passwordEnv}`);
  return value;
}

function readArgument(message: string): string {
  if (message === "-") return textOf(readFile(STANDARD_INPUT));
  return isFile(message) ? textOf(readFile(message)) : message;
}

function isFile(name: string): boolean {
  return name.length < LONGEST_PATH && !name.includes("\0") && existsSync(name) && statSync(name).isFile();
}

const UTF16_MARK = Buffer.from([0xff, 0xfe]);
const NTLM_SIGNATURE = Buffer.from("NTLMSSP\0", "latin1");

/** A message as raw bytes becomes base64; PowerShell writes UTF-16. */
function textOf(bytes: Buffer): string {
  if (bytes.subarray(0, 8).equals(NTLM_SIGNATURE) || isSpnego(bytes.subarray(0, 16))) return bytes.toString("base64");
  return bytes.subarray(0, 2).equals(UTF16_MARK) ? bytes.toString("utf16le", 2) : bytes.toString("utf8");
}

/** Never reads more than the limit, whatever stands behind the name. Throws InputError. */
function readFile(file: string | number): Buffer {
  try {
    if (typeof file === "number") return readAll(file);
    const handle = openSync(file, "r");
    try {
      return readAll(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(error instanceof Error ? error.message : String(error));
  }
}

function readAll(handle: number): Buffer {
  const chunk = Buffer.alloc(64 * 1024);
  const chunks: Buffer[] = [];
  let total = 0;
  for (let length = readChunk(handle, chunk); length > 0; length = readChunk(handle, chunk)) {
    chunks.push(Buffer.from(chunk.subarray(0, length)));
    total += length;
    if (total > INPUT_LIMIT) throw tooMuch();
  }
  return Buffer.concat(chunks);
}

/** Standard input that nobody has written to yet, and a terminal, may be non-blocking: then it is waited for. */
function readChunk(handle: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(handle, chunk);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT);
    }
  }
}

/** Milliseconds. */
const WAIT = 20;

function tooMuch(): InputError {
  return new InputError(
    `more than ${INPUT_LIMIT / 1024 / 1024} MiB of input, more than any dialogue has: cut out the part with the logon`,
  );
}
