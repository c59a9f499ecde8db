/** The description of an NTLM message as lines for a terminal: aligned, a line for each thing worth knowing. */
import type { AvInWords, FieldInWords, NtlmDescription } from "./ntlm-words.ts";
import { printable } from "./printable.ts";

/** About 8 to 20 lines; control characters in names are escaped, so nothing can play with the terminal. */
export function formatNtlm(description: NtlmDescription): string[] {
  const rows: Row[] = [
    ...(description.problem === undefined ? [] : [row("problem", description.problem)]),
    ...rowOf("challenge", description.serverChallenge),
    ...description.fields.filter((field) => isWorthShowing(field, description)).map(fieldRow),
    ...rowOf("scheme", description.scheme),
    ...rowOf("time", description.message === "AUTHENTICATE_MESSAGE" ? description.time?.text : undefined),
    ...(description.avPairs ?? []).map(avRow),
    ...rowOf("MIC", description.mic),
    ...rowOf("channel binding", description.channelBinding),
    ...rowOf("version", description.version),
    ...flagRows(description),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, text]) => `  ${label.padEnd(width)}  ${printable(text)}`.trimEnd());
  return [`${description.message}, ${description.length} bytes`, ...lines];
}

type Row = readonly [label: string, text: string];

function row(label: string, text: string): Row {
  return [label, text];
}

function rowOf(label: string, text: string | undefined): readonly Row[] {
  return text === undefined ? [] : [row(label, text)];
}

/** An empty session key or LM field says nothing; that a client names no user or domain does. */
function isWorthShowing({ name, length }: FieldInWords, { message }: NtlmDescription): boolean {
  return length > 0 || (message === "AUTHENTICATE_MESSAGE" && ALWAYS_SHOWN.has(name));
}

function fieldRow({ name, offset, length, text }: FieldInWords): Row {
  const label = LABELS[name] ?? name;
  if (length === 0) return row(label, "(empty)");
  return row(label, `${text.padEnd(TEXT_WIDTH)} ${`${length} bytes`.padStart(9)} at ${offset}`);
}

function avRow({ name, text }: AvInWords): Row {
  return row(`  ${name.replace(/^MsvAv/, "")}`, text === "" ? "(empty)" : text);
}

/** The prefixes say nothing on a terminal; lines are broken between flags. */
function flagRows({ flags }: NtlmDescription): readonly Row[] {
  if (!flags) return [];
  const names = flags.names.map((name) => name.replace(/^(NTLMSSP_NEGOTIATE_|NTLM_NEGOTIATE_|NTLMSSP_)/, ""));
  const lines = [`0x${flags.value.toString(16).padStart(8, "0")}`];
  for (const name of names) {
    const last = lines.at(-1) ?? "";
    if (last.length + name.length < FLAGS_WIDTH) lines[lines.length - 1] = `${last} ${name}`;
    else lines.push(`${" ".repeat(10)} ${name}`);
  }
  return lines.map((text, index) => row(index === 0 ? "flags" : "", text));
}

const LABELS: Readonly<Record<string, string>> = {
  DomainName: "domain",
  UserName: "user",
  Workstation: "workstation",
  TargetName: "target",
  TargetInfo: "target info",
  LmChallengeResponse: "LM response",
  NtChallengeResponse: "NT response",
  EncryptedRandomSessionKey: "session key",
};

const ALWAYS_SHOWN: ReadonlySet<string> = new Set(["UserName", "DomainName"]);
const TEXT_WIDTH = 24;
const FLAGS_WIDTH = 92;
