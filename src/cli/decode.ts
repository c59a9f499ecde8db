/** `postern decode`: logon messages of NTLM, SPNEGO and SASL from a paste, a file or standard input in words; with a password, are they right? */
import type { Command } from "commander";
import { decodeBase64 } from "../core/base64.ts";
import { findMessages, MESSAGE_COUNT_LIMIT } from "./decode/find-messages.ts";
import { InputError, readInput, readPassword, type PasswordSource } from "./decode/input.ts";
import { exchangeLines, toJson } from "./decode/report-lines.ts";
import { report } from "./decode/report.ts";

/** The exit codes of `postern decode`. */
const OK = 0;
const RESPONSE_WRONG = 1;
const NOTHING_TO_DO = 2;

export interface DecodeOptions extends PasswordSource {
  readonly json?: boolean;
  readonly user?: string;
  readonly domain?: string;
  readonly challenge?: string;
  readonly at?: string;
  readonly showSecrets?: boolean;
}

export function registerDecode(program: Command): void {
  program
    .command("decode")
    .description(
      "show logon messages (NTLM, SPNEGO, SCRAM, PLAIN, LOGIN, XOAUTH2, OAUTHBEARER) in words, and check a password",
    )
    .argument("[message...]", "base64, hex, a pasted dialogue or the name of a file; standard input without any")
    .option("--json", "one JSON object instead of lines")
    .option("--show-secrets", "passwords, tokens, proofs and responses, too")
    .option("--at <time>", "the time of the logon, for clock skew: 2026-01-31T12:00:00 in UTC, or seconds since 1970")
    .option("--password <password>", "check the response; see the next three, which `ps` does not show")
    .option("--password-file <file>", "as --password, from the first line of a file")
    .option("--password-env <variable>", "as --password, from an environment variable")
    .option("--password-stdin", "as --password, from standard input")
    .option("--user <name>", "an account to try when the response is wrong")
    .option("--domain <name>", "its domain")
    .option(
      "--challenge <message>",
      "the CHALLENGE (hex or base64), or its 8 bytes of ServerChallenge, if the input has none",
    )
    .action((messages: string[], options: DecodeOptions) => {
      const { lines, problem, exitCode } = decode(messages, options);
      for (const line of lines) console.log(line);
      if (problem !== undefined) console.error(`postern decode: ${problem}`);
      process.exitCode = exitCode;
    });
}

/** What the command prints and its exit code: 0, 1 when a response is wrong, 2 when there is nothing to decode or check. */
export interface DecodeResult {
  readonly lines: readonly string[];
  readonly problem?: string;
  readonly exitCode: number;
}

export function decode(messages: readonly string[], options: DecodeOptions, now = new Date()): DecodeResult {
  try {
    if (options.passwordStdin === true && (messages.length === 0 || messages.includes("-")))
      throw new InputError("standard input cannot be both the password and the messages");
    const password = readPassword(options);
    const settings = { ...options, password, ...readSettings(options, now) };
    return decodeText(readInput(messages), settings, options.json === true);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { lines: [], problem: error.message, exitCode: NOTHING_TO_DO };
  }
}

const NOTHING_FOUND =
  "no logon message found: NTLM in base64 starts with TlRMTVNTUA, in hex with 4e544c4d53535000; of other mechanisms the dialogue from AUTH on is best";
const NOTHING_TO_CHECK =
  "a password is checked with a CHALLENGE and the AUTHENTICATE that answers it, with three messages of SCRAM, or with a password that was sent: something is missing";

function decodeText(text: string, settings: Parameters<typeof report>[1], isJson: boolean): DecodeResult {
  const found = findMessages(text);
  if (found.length === 0) return { lines: [], problem: NOTHING_FOUND, exitCode: NOTHING_TO_DO };
  const exchanges = report(found, settings);
  const lines = isJson ? [toJson({ exchanges })] : exchanges.flatMap(exchangeLines);
  const findings = exchanges.flatMap(({ finding }) => finding ?? []);
  if (settings.password !== undefined && findings.length === 0)
    return { lines, problem: NOTHING_TO_CHECK, exitCode: NOTHING_TO_DO };
  const exitCode = findings.every(({ right }) => right) ? OK : RESPONSE_WRONG;
  if (found.length < MESSAGE_COUNT_LIMIT) return { lines, exitCode };
  return { lines, problem: `only the first ${MESSAGE_COUNT_LIMIT} messages were read`, exitCode };
}

function readSettings({ at, challenge, showSecrets }: DecodeOptions, now: Date) {
  return {
    now: at === undefined ? now : readTime(at),
    showSecrets: showSecrets === true,
    challenge: challenge === undefined ? undefined : readChallenge(challenge),
  };
}

/** Without a zone, it is UTC: all times shown are. Throws InputError. */
function readTime(text: string): Date {
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes(":");
  const time = /^\d{6,12}$/.test(text) ? new Date(Number(text) * 1000) : new Date(hasZone ? text : `${text}Z`);
  if (Number.isNaN(time.getTime())) throw new InputError(`--at ${JSON.stringify(text)} is no time`);
  return time;
}

/** Throws InputError. */
function readChallenge(text: string): Buffer {
  const compact = text.replace(/[\s:]+/g, "");
  const bytes = /^(?:[0-9a-f]{2})+$/i.test(compact) ? Buffer.from(compact, "hex") : decodeBase64(compact);
  const isWhole = bytes !== undefined && bytes.length >= 32 && bytes.toString("latin1", 0, 8) === "NTLMSSP\0";
  if (bytes === undefined || (bytes.length !== 8 && !isWhole))
    throw new InputError("--challenge is neither 16 hex digits nor a CHALLENGE_MESSAGE in hex or base64");
  return bytes;
}
