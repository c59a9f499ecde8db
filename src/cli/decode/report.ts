/** The exchanges of a paste in words, each with what the password says of it: the shape that `--json` prints. */
import type { NameReading } from "../../ntlm/names.ts";
import { ntlmLayout, type Range } from "../../observe/ntlm-layout.ts";
import { ntlmWords, type NtlmDescription, type WordsContext } from "../../observe/ntlm-words.ts";
import { readScram, scramValue, type ScramContext } from "../../observe/scram-words.ts";
import { saslWords, type SaslDescription } from "../../observe/sasl-words.ts";
import { spnegoWords, type SpnegoDescription } from "../../observe/spnego-words.ts";
import { checkPassword, type PasswordFinding, type RecordedExchange } from "./check-password.ts";
import { checkCleartext } from "./check-cleartext.ts";
import { checkScram } from "./check-scram.ts";
import { newEffort, type Effort } from "./what-would-match.ts";
import { groupExchanges, ntlmType, type Found, type FoundSasl } from "./find-messages.ts";

/** An NTLM message with every byte accounted for. */
export type DecodedNtlm = NtlmDescription & { readonly layout: readonly Range[] };
export type DecodedSpnego = Omit<SpnegoDescription, "ntlm"> & { readonly ntlm?: DecodedNtlm };

/** A message, with the line of the input where it begins (from 1) and who sent it. */
export type DecodedMessage = {
  readonly line: number;
  readonly from: "client" | "server";
} & (DecodedNtlm | DecodedSpnego | SaslDescription);

export interface DecodedExchange {
  /** "NTLM", "SPNEGO" or the SASL mechanism; "SCRAM" where nothing says with which hash. */
  readonly mechanism: string;
  readonly messages: readonly DecodedMessage[];
  /** With a password, and where there is something to check. */
  readonly finding?: PasswordFinding;
}

export interface ReportOptions {
  readonly now: Date;
  readonly showSecrets: boolean;
  readonly password: string | undefined;
  /** Names that the account may have besides those sent. */
  readonly user?: string | undefined;
  readonly domain?: string | undefined;
  /** A CHALLENGE_MESSAGE or a ServerChallenge for AUTHENTICATE_MESSAGEs without one. */
  readonly challenge?: Buffer | undefined;
}

export function report(messages: readonly Found[], options: ReportOptions): readonly DecodedExchange[] {
  const effort = newEffort();
  const groups = groupExchanges(messages);
  const challenges = messages.flatMap((each) => challengeIn(each));
  return groups.map((group) => {
    const isSasl = group.every((each) => each.kind === "SASL");
    return isSasl ? reportSasl(group, options, effort) : reportNtlm(group, challenges, options, effort);
  });
}

function reportNtlm(
  group: readonly Found[],
  challenges: readonly Buffer[],
  options: ReportOptions,
  effort: Effort,
): DecodedExchange {
  const inner = group.flatMap((each) => (each.kind === "SASL" || !each.ntlm ? [] : [each.ntlm]));
  const byType = (type: number) => inner.find((each) => ntlmType(each) === type);
  const challenge = byType(2) ?? options.challenge;
  const context: WordsContext = { now: options.now, showSecrets: options.showSecrets, ...flagsOf(challenge) };
  const decoded = group.map((each) => describeNtlm(each, context));
  const mechanism = group.some(({ kind }) => kind === "SPNEGO") ? "SPNEGO" : "NTLM";
  const authenticate = byType(3);
  if (options.password === undefined || !challenge || !authenticate) return { mechanism, messages: decoded };
  const negotiate = byType(1);
  const exchange: RecordedExchange = { challenge, authenticate, ...(negotiate ? { negotiate } : {}) };
  const otherChallenges = challenges.filter((each) => each !== challenge).map(serverChallenge);
  const known = knownNames(options, authenticate, context);
  return {
    mechanism,
    messages: decoded,
    finding: checkPassword(exchange, options.password, { known, otherChallenges, effort }),
  };
}

function challengeIn(message: Found): readonly Buffer[] {
  return message.kind !== "SASL" && message.ntlm && isChallenge(message.ntlm) ? [message.ntlm] : [];
}

function isChallenge(message: Buffer): boolean {
  return ntlmType(message) === 2 && message.length >= 32;
}

function serverChallenge(message: Buffer): Buffer {
  return message.subarray(24, 32);
}

function flagsOf(challenge: Buffer | undefined): { challengeFlags?: number } {
  const flags = challenge && ntlmWords(challenge).flags?.value;
  return flags === undefined ? {} : { challengeFlags: flags };
}

/** What the user gives stands for what the client sent; the rest is as sent. */
function knownNames({ user, domain }: ReportOptions, authenticate: Buffer, context: WordsContext): NameReading[] {
  if (user === undefined && domain === undefined) return [];
  const { fields } = ntlmWords(authenticate, context);
  const sent = (name: string) => fields.find((field) => field.name === name)?.text ?? "";
  return [{ user: user ?? sent("UserName"), domain: domain ?? (user === undefined ? sent("DomainName") : "") }];
}

function describeNtlm(message: Found, context: WordsContext): DecodedMessage {
  const { line, bytes } = message;
  if (message.kind === "SPNEGO") {
    const { ntlm, ...words } = spnegoWords(bytes, context);
    const isServer = message.ntlm ? ntlmType(message.ntlm) === 2 : words.message !== "NegTokenInit";
    const inside = ntlm && message.ntlm ? { ntlm: { ...ntlm, layout: ntlmLayout(message.ntlm) } } : {};
    return { line, from: isServer ? "server" : "client", ...words, ...inside };
  }
  return {
    line,
    from: ntlmType(bytes) === 2 ? "server" : "client",
    ...ntlmWords(bytes, context),
    layout: ntlmLayout(bytes),
  };
}

function reportSasl(group: readonly FoundSasl[], options: ReportOptions, effort: Effort): DecodedExchange {
  const mechanism = group[0]?.sasl.mechanism ?? "";
  const isScram = mechanism.startsWith("SCRAM");
  const context: ScramContext = {
    now: options.now,
    showSecrets: options.showSecrets,
    ...(isScram ? scramContext(group) : {}),
  };
  const messages = group.map(({ line, sasl }): DecodedMessage => {
    const words = saslWords(sasl, context);
    const from = words.message.startsWith("server-") ? "server" : sasl.from;
    return { line, from, ...words };
  });
  const { password } = options;
  const finding =
    password === undefined
      ? undefined
      : isScram
        ? checkGroup(group, password, effort)
        : checkCleartext(group, password);
  return { mechanism, messages, ...(finding ? { finding } : {}) };
}

function scramMessage(group: readonly FoundSasl[], name: string): Buffer | undefined {
  return group.find(({ bytes }) => readScram(bytes)?.name === name)?.bytes;
}

function scramContext(group: readonly FoundSasl[]): ScramContext {
  const bytes = scramMessage(group, "client-first-message");
  const first = bytes && readScram(bytes);
  const clientNonce = first && scramValue(first, "r");
  return first ? { gs2Header: first.gs2Header, ...(clientNonce === undefined ? {} : { clientNonce }) } : {};
}

function checkGroup(group: readonly FoundSasl[], password: string, effort: Effort): PasswordFinding | undefined {
  const clientFirst = scramMessage(group, "client-first-message");
  const serverFirst = scramMessage(group, "server-first-message");
  const clientFinal = scramMessage(group, "client-final-message");
  if (!clientFirst || !serverFirst || !clientFinal) return undefined;
  return checkScram(
    { clientFirst, serverFirst, clientFinal, serverFinal: scramMessage(group, "server-final-message") },
    password,
    effort,
  );
}
