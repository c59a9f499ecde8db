/** A wrong response with the password at hand: which other names, password or challenge would have made it (MS-NLMP 3.3). */
import type { NtlmLogon } from "../../ntlm/acceptor.ts";
import { diagnose, guessInWords, rightElsewhere } from "../../ntlm/diagnose.ts";
import { guessNames, rightGuess, type NameGuess } from "../../ntlm/guesses.ts";
import { lmHash, ntHash } from "../../ntlm/hashes.ts";
import type { NameReading } from "../../ntlm/names.ts";
import { verifyResponses, type Hashes, type ResponseEvidence } from "../../ntlm/responses.ts";
import { passwordVariants } from "./password-variants.ts";

/** Whose password it is supposed to be, and what else stands in the input. */
export interface CheckContext {
  readonly known: readonly NameReading[];
  /** ServerChallenges of other exchanges, 8 bytes each. */
  readonly otherChallenges: readonly Uint8Array[];
  readonly effort: Effort;
}

/** What may still be spent on one input: a log can hold hundreds of wrong responses. Counted down. */
export interface Effort {
  /** Wrong NTLM responses looked into, some tenths of a second each at worst. */
  diagnoses: number;
  /** Rounds of PBKDF2 for SCRAM; the server names the count, and may be hostile. */
  rounds: number;
}

/** About half a second each. */
export function newEffort(): Effort {
  return { diagnoses: 2, rounds: 400_000 };
}

/** LM responses are made from the password in capitals: beside an NT response, a right one says nothing of the case. */
export function hashesOf(password: string, { ntResponse }: ResponseEvidence): Hashes {
  const lm = ntResponse.length === 0 ? lmHash(password) : undefined;
  return { nt: ntHash(password), ...(lm ? { lm } : {}) };
}

/** Bytes hashed over all trials: some tenths of a second. A trial hashes the response and two blocks for its key. */
const HASHED_LIMIT = 5_000_000;
const HASHED_FOR_KEY = 256;
/** Another connection's challenge may have got into the paste; a log can have thousands. */
const CHALLENGE_LIMIT = 16;

/** Words that say what it is right for, or that nothing tried was. */
export function whatWouldMatch(logon: NtlmLogon, password: string, context: CheckContext): string {
  if (context.effort.diagnoses-- <= 0) return "after several wrong responses no reason is looked for any more";
  const names = guessNames(logon, context.known);
  const hashes = hashesOf(password, logon.evidence);
  return (
    asHash(logon, password, names) ??
    rightElsewhere(logon.evidence, withLm(hashes, password)) ??
    forAnotherChallenge(logon, hashes, context) ??
    withVariants(logon, password, names) ??
    diagnose(logon, hashes, context.known) ??
    "no reason found"
  );
}

function withLm({ nt }: Hashes, password: string): Hashes {
  const lm = lmHash(password);
  return { nt, ...(lm ? { lm } : {}) };
}

/** 32 hex digits, perhaps behind the LM hash as in `pwdump` lists: an NT hash was given where a password is asked for. */
const NT_HASH = /^(?:[0-9a-f]{32}:)?([0-9a-f]{32})$/i;

function asHash(logon: NtlmLogon, password: string, names: readonly NameGuess[]): string | undefined {
  const [, hex] = NT_HASH.exec(password.trim()) ?? [];
  if (hex === undefined) return undefined;
  const nt = Buffer.from(hex, "hex");
  const match = verifyResponses({ nt }, logon.evidence);
  if (match) return `the ${match.scheme} response is right for what was given as an NT hash, not as a password`;
  const guess = nameGuess(logon, nt, names);
  return guess && `what was given is an NT hash, not a password: ${guessInWords(logon, guess)}`;
}

function forAnotherChallenge(
  { evidence }: NtlmLogon,
  hashes: Hashes,
  { otherChallenges }: CheckContext,
): string | undefined {
  for (const serverChallenge of otherChallenges.slice(0, CHALLENGE_LIMIT)) {
    const match = verifyResponses(hashes, { ...evidence, serverChallenge });
    const hex = Buffer.from(serverChallenge).toString("hex");
    if (match) return `the ${match.scheme} response is right, but for the challenge ${hex} of another exchange`;
  }
  return undefined;
}

/** The password as it is with other names comes from diagnose(); here are other passwords, with the names sent first. */
function withVariants(logon: NtlmLogon, password: string, names: readonly NameGuess[]): string | undefined {
  const { evidence } = logon;
  if (nameGuess(logon, ntHash(password), names)) return undefined;
  const variants = passwordVariants(password);
  for (const { what, text } of variants) {
    const hashes = hashesOf(text, evidence);
    const match = verifyResponses(hashes, evidence);
    if (match) return `the ${match.scheme} response was computed with ${what}`;
    const misplaced = rightElsewhere(evidence, hashes);
    if (misplaced !== undefined) return `${misplaced}, computed with ${what}`;
  }
  const affordable = names.slice(0, trialsFor(logon, variants.length));
  for (const { what, text } of variants) {
    const guess = nameGuess(logon, ntHash(text), affordable);
    if (guess) return `${guessInWords(logon, guess)}; and computed with ${what}`;
  }
  return undefined;
}

function nameGuess(logon: NtlmLogon, nt: Uint8Array, names: readonly NameGuess[]): NameGuess | undefined {
  return logon.scheme === "NTLMv2" || logon.scheme === "LMv2" ? rightGuess(logon, nt, names) : undefined;
}

function trialsFor({ evidence }: NtlmLogon, passwords: number): number {
  return Math.floor(HASHED_LIMIT / (HASHED_FOR_KEY + evidence.ntResponse.length) / passwords);
}
