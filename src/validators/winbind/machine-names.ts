/**
 * The names of this host's machine account, which a CHALLENGE has to carry (MS-APDS 3.1.5): ntlm_auth is asked for a
 * CHALLENGE of its own and its TargetInfo is read.
 */
import { spawn } from "node:child_process";
import { decodeBase64, encodeBase64 } from "../../core/base64.ts";
import type { TargetNames } from "../../core/validator.ts";
import { AvId, avValue, type AvPair } from "../../ntlm/av-pairs.ts";
import { NtlmError } from "../../ntlm/error.ts";
import { joinFlags, NegotiateFlag } from "../../ntlm/flags.ts";
import { decodeChallenge } from "../../ntlm/messages/challenge.ts";
import { encodeNegotiate } from "../../ntlm/messages/negotiate.ts";

const PROTOCOL = "--helper-protocol=squid-2.5-ntlmssp";
/** A CHALLENGE has a few hundred bytes. */
const OUTPUT_LIMIT = 8192;
const TIMEOUT = 5000;

const FLAGS = joinFlags(
  NegotiateFlag.NTLMSSP_NEGOTIATE_UNICODE,
  NegotiateFlag.NTLMSSP_REQUEST_TARGET,
  NegotiateFlag.NTLMSSP_NEGOTIATE_NTLM,
  NegotiateFlag.NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY,
);

/** Rejects with Error in words for the log. */
export async function askMachineNames(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<TargetNames> {
  const question = `YR ${encodeBase64(encodeNegotiate({ flags: FLAGS, domain: "", workstation: "" }))}\n`;
  const line = await firstLine(command, [...args, PROTOCOL], question, env, signal);
  const bytes = line.startsWith("TT ") ? decodeBase64(line.slice(3).trim()) : undefined;
  if (bytes === undefined) throw new Error(`ntlm_auth gave no challenge but ${JSON.stringify(line.slice(0, 100))}`);
  return namesIn(bytes);
}

/** Throws Error when there are none. */
export function namesIn(challenge: Uint8Array): TargetNames {
  const pairs = readPairs(challenge);
  const netbiosDomain = textOf(pairs, AvId.MsvAvNbDomainName);
  const netbiosComputer = textOf(pairs, AvId.MsvAvNbComputerName);
  if (netbiosDomain === undefined || netbiosComputer === undefined)
    throw new Error("ntlm_auth's challenge names no domain and computer");
  const dnsDomain = textOf(pairs, AvId.MsvAvDnsDomainName);
  const dnsComputer = textOf(pairs, AvId.MsvAvDnsComputerName);
  return {
    netbiosDomain,
    netbiosComputer,
    ...(dnsDomain !== undefined && { dnsDomain }),
    ...(dnsComputer !== undefined && { dnsComputer }),
    domainJoined: true,
  };
}

function readPairs(challenge: Uint8Array): readonly AvPair[] {
  try {
    return decodeChallenge(challenge).targetInfo ?? [];
  } catch (error) {
    if (error instanceof NtlmError) throw new Error(`ntlm_auth's challenge cannot be read: ${error.message}`);
    throw error;
  }
}

function textOf(pairs: readonly AvPair[], id: number): string | undefined {
  const text = avValue(pairs, id)?.toString("utf16le") ?? "";
  return /^[\p{L}\p{N}._ -]{1,255}$/u.test(text) ? text : undefined;
}

function firstLine(
  command: string,
  args: readonly string[],
  question: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(command, args, {
    env,
    stdio: ["pipe", "pipe", "ignore"],
    timeout: TIMEOUT,
    killSignal: "SIGKILL",
  });
  const abandon = () => child.kill("SIGKILL");
  signal.addEventListener("abort", abandon, { once: true });
  let output = "";
  return new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.stdin.on("error", () => undefined);
    child.stdin.write(question);
    child.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString("latin1");
      const end = output.indexOf("\n");
      if (end >= 0) resolve(output.slice(0, end));
      if (end >= 0 || output.length > OUTPUT_LIMIT) child.kill("SIGKILL");
    });
    child.on("close", () => reject(new Error("ntlm_auth ended without giving a challenge")));
  }).finally(() => signal.removeEventListener("abort", abandon));
}
