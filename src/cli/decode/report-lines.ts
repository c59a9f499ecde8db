/** Decoded exchanges as lines for a terminal, and as JSON that a terminal may show, too. */
import type { Range } from "../../observe/ntlm-layout.ts";
import { formatNtlm, type NtlmDescription } from "../../observe/ntlm-words.ts";
import { formatSasl } from "../../observe/sasl-words.ts";
import type { PasswordFinding } from "./check-password.ts";
import type { DecodedExchange, DecodedMessage, DecodedNtlm } from "./report.ts";

export function exchangeLines({ mechanism, messages, finding }: DecodedExchange): readonly string[] {
  const blocks = messages.flatMap((message) => [...messageLines(mechanism, message), ""]);
  return finding ? [...blocks, ...findingLines(finding), ""] : blocks;
}

/** Invisible characters stand as escapes in it. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\p{Cf}\u007f-\u009f\u2028\u2029]/gu, (character) =>
    [...character.split("")].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  );
}

function messageLines(mechanism: string, message: DecodedMessage): readonly string[] {
  if ("layout" in message) return ntlmLines(message);
  const { message: name } = message;
  const title = name.includes(mechanism) || mechanism === "SPNEGO" ? name : `${mechanism} ${name}`;
  const lines = formatSasl({ ...message, message: title });
  if (!("ntlm" in message) || !message.ntlm) return lines;
  const [head = "", ...rest] = ntlmLines(message.ntlm);
  return [...lines, `  ${head} at ${message.ntlmOffset ?? 0}`, ...rest.map((line) => `  ${line}`)];
}

function ntlmLines(message: DecodedNtlm): readonly string[] {
  const description: NtlmDescription = message;
  return [...formatNtlm(description), "  bytes", ...message.layout.map(rangeLine)];
}

function rangeLine({ name, offset, length, text }: Range): string {
  const place = `${offset}-${offset + length - 1}`.padStart(PLACE_WIDTH);
  return text === undefined ? `    ${place}  ${name}` : `    ${place}  ${name.padEnd(NAME_WIDTH)}  ${text}`;
}

function findingLines({ response, mic, policy }: PasswordFinding): readonly string[] {
  return [
    `response  ${response}`,
    ...(mic === undefined ? [] : [`MIC       ${mic}`]),
    ...(policy === undefined ? [] : [`policy    under the defaults it ${policy}`]),
  ];
}

/** "1234-1299". */
const PLACE_WIDTH = 9;
const NAME_WIDTH = 31;
