/** `postern decode`: NTLM messages from a paste, a file or standard input in words; with a password, are they right? */
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Command } from "commander";
import type { NameReading } from "../ntlm/names.ts";
import { formatNtlm, ntlmWords, type NtlmDescription } from "../observe/ntlm-words.ts";
import { checkPassword, type PasswordFinding, type RecordedExchange } from "./decode/check-password.ts";
import { findMessages } from "./decode/find-messages.ts";

/** The exit codes of `postern decode`. */
const OK = 0;
const RESPONSE_WRONG = 1;
const NOTHING_TO_DO = 2;

/** A pasted dialogue has kilobytes, a log perhaps megabytes. */
const INPUT_LIMIT = 16 * 1024 * 1024;

export interface DecodeOptions {
  readonly json?: boolean;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly user?: string;
  readonly domain?: string;
}

export function registerDecode(program: Command): void {
  program
    .command("decode")
    .description("show NTLM messages in words, and check a response against a password")
    .argument("[message...]", "base64, hex, a pasted dialogue or the name of a file; standard input without any")
    .option("--json", "one JSON object instead of lines")
    .option("--password <password>", "check the response (needs CHALLENGE and AUTHENTICATE)")
    .option("--password-file <file>", "as --password, from the first line of a file")
    .option("--user <name>", "an account to try when the response is wrong")
    .option("--domain <name>", "its domain")
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
  let text: string;
  let password: string | undefined;
  try {
    text = readInput(messages);
    password = options.passwordFile === undefined ? options.password : firstLine(options.passwordFile);
  } catch (error) {
    return { lines: [], problem: error instanceof Error ? error.message : String(error), exitCode: NOTHING_TO_DO };
  }
  const found = findMessages(text);
  if (found.length === 0) return { lines: [], problem: NOTHING_FOUND, exitCode: NOTHING_TO_DO };
  return report(groupExchanges(found), password, options, now);
}

const NOTHING_FOUND = "no NTLM message found: base64 starts with TlRMTVNTUA, hex with 4e544c4d53535000";

/** Messages that belong together, in their order. */
interface Group {
  readonly messages: readonly Buffer[];
  readonly exchange?: RecordedExchange;
}

interface ReportedGroup {
  readonly descriptions: readonly NtlmDescription[];
  readonly finding?: PasswordFinding;
}

function report(
  groups: readonly Group[],
  password: string | undefined,
  options: DecodeOptions,
  now: Date,
): DecodeResult {
  const known: NameReading[] = options.user === undefined ? [] : [{ user: options.user, domain: options.domain ?? "" }];
  const reported = groups.map(({ messages, exchange }): ReportedGroup => {
    const challengeFlags = exchange && flagsOf(exchange.challenge);
    const context = { now, ...(challengeFlags === undefined ? {} : { challengeFlags }) };
    const descriptions = messages.map((message) => ntlmWords(message, context));
    if (password === undefined || !exchange) return { descriptions };
    return { descriptions, finding: checkPassword(exchange, password, known) };
  });
  const findings = reported.flatMap(({ finding }) => finding ?? []);
  const lines = options.json ? [JSON.stringify({ exchanges: reported }, null, 2)] : reported.flatMap(groupLines);
  if (password === undefined) return { lines, exitCode: OK };
  if (findings.length === 0) return { lines, problem: NOTHING_TO_CHECK, exitCode: NOTHING_TO_DO };
  return { lines, exitCode: findings.every(({ right }) => right) ? OK : RESPONSE_WRONG };
}

const NOTHING_TO_CHECK = "a password is checked with a CHALLENGE and the AUTHENTICATE that answers it: one is missing";

function groupLines({ descriptions, finding }: ReportedGroup): readonly string[] {
  const lines = descriptions.flatMap((description) => [...formatNtlm(description), ""]);
  if (!finding) return lines;
  const rows = [`response  ${finding.response}`];
  if (finding.mic !== undefined) rows.push(`MIC       ${finding.mic}`);
  if (finding.policy !== undefined) rows.push(`policy    under the defaults it ${finding.policy}`);
  return [...lines, ...rows, ""];
}

/** Cuts the messages into exchanges: an AUTHENTICATE ends one, a message of a type already seen begins the next. */
function groupExchanges(messages: readonly Buffer[]): readonly Group[] {
  const groups: Buffer[][] = [];
  for (const message of messages) {
    const current = groups.at(-1);
    const isNext = current === undefined || typeOf(current.at(-1)) >= typeOf(message);
    if (isNext) groups.push([message]);
    else current.push(message);
  }
  return groups.map((group) => ({ messages: group, ...exchangeOf(group) }));
}

function exchangeOf(group: readonly Buffer[]): { exchange?: RecordedExchange } {
  const [negotiate, challenge, authenticate] = [1, 2, 3].map((type) => group.find((each) => typeOf(each) === type));
  if (!challenge || !authenticate) return {};
  return { exchange: { challenge, authenticate, ...(negotiate ? { negotiate } : {}) } };
}

function typeOf(message: Buffer | undefined): number {
  return message && message.length >= 12 ? message.readUInt32LE(8) : 0;
}

function flagsOf(challenge: Uint8Array): number | undefined {
  return ntlmWords(challenge).flags?.value;
}

/** Arguments that name a file are read; no argument, or "-", is standard input. Throws when a file cannot be read. */
function readInput(messages: readonly string[]): string {
  if (messages.length === 0) return readLimited(STANDARD_INPUT);
  return messages.map((message) => readArgument(message)).join("\n");
}

function readArgument(message: string): string {
  if (message === "-") return readLimited(STANDARD_INPUT);
  return message.length < LONGEST_PATH && existsSync(message) && statSync(message).isFile()
    ? readLimited(message)
    : message;
}

function readLimited(file: string | number): string {
  const text = readFileSync(file, "utf8");
  if (text.length > INPUT_LIMIT) throw new Error("more input than any dialogue has; cut out the part with the logon");
  return text;
}

function firstLine(file: string): string {
  return readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? "";
}

const STANDARD_INPUT = 0;
/** PATH_MAX: what is longer is a message. */
const LONGEST_PATH = 4096;
