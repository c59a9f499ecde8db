/** The sandbox on a terminal: what is open, how to try it, each dialogue as it happens, each verdict in words. */
import type { NtlmMinimum } from "../core/evidence.ts";
import type { Visit } from "../core/visit.ts";
import { Dialogue } from "../observe/dialogue.ts";
import { escapeControls } from "../observe/line.ts";
import { formatNtlm } from "../observe/ntlm-words.ts";
import type { Watcher, WatchedAttempt } from "../observe/watcher.ts";
import type { Sandbox } from "../start-sandbox.ts";
import { refusedByDefault, verdictWords } from "./verdict-words.ts";

/** Colours only where a terminal shows them, and not where NO_COLOR asks for none (no-color.org). */
const COLOURS = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
const paint = (code: number) => (text: string) => (COLOURS ? `\u001b[${code}m${text}\u001b[0m` : text);
const [bold, dim, green, red, cyan] = [paint(1), paint(2), paint(32), paint(31), paint(36)];

export function printReady({ ports, accounts }: Sandbox, host: string): void {
  const { pop3, imap, smtp, pop3s, imaps, smtps } = ports;
  console.log(bold("postern sandbox is up") + dim(" (Ctrl-C ends it; nothing is kept)"));
  console.log(`  POP3 ${host}:${pop3}   IMAP ${host}:${imap}   SMTP ${host}:${smtp}   (STARTTLS, or in the clear)`);
  console.log(`       ${host}:${pop3s}        ${host}:${imaps}        ${host}:${smtps}   (TLS from the first byte)`);
  for (const { domain, user, password, token } of accounts) {
    console.log(
      `  account ${bold(`${domain}\\${user}`)}   password ${bold(escapeControls(password))}   token ${bold(token)}`,
    );
  }
}

export function printHelp({ ports, accounts }: Sandbox, host: string, policy: NtlmMinimum): void {
  const [{ domain, user, password }] = accounts as [Sandbox["accounts"][number]];
  console.log(
    `  accepted: NTLM (${policy === "v2" ? "NTLMv2 only" : `${policy} and up`}), SCRAM, PLAIN, LOGIN, CRAM-MD5, OAUTHBEARER, XOAUTH2, GSS-SPNEGO;\n  certificate: self-signed for localhost\n`,
  );
  console.log('Tick "Require logon using Secure Password Authentication" in Outlook, or try:');
  console.log(
    cyan(
      `  curl --login-options AUTH=NTLM -u '${domain}\\${user}:${escapeControls(password)}' pop3://${host}:${ports.pop3}/1`,
    ),
  );
  console.log("and watch the dialogue here.\n");
}

export function terminalWatcher({ quiet }: { quiet: boolean }): Watcher {
  const dialogues = new WeakMap<Visit, Dialogue>();
  const numbers = new WeakMap<Visit, number>();
  let count = 0;
  const label = (visit: Visit): string => dim(`${visit.protocol}#${numbers.get(visit) ?? 0}`);
  const show = (visit: Visit, text: string): void => {
    if (!quiet) console.log(`${label(visit)} ${text}`);
  };
  return {
    opened(visit) {
      numbers.set(visit, (count += 1));
      dialogues.set(visit, new Dialogue(visit.protocol));
      show(
        visit,
        dim(
          `-- ${visit.client.address}:${visit.client.port} connected to ${visit.listener}${visit.secure ? " under TLS" : ""}`,
        ),
      );
    },
    line(visit, voice, text, kind) {
      const line = dialogues.get(visit)?.hear(voice, text, kind);
      if (!line) return;
      show(visit, `${voice === "C" ? bold("C:") : "S:"} ${line.text}`);
      if (line.ntlm) for (const each of formatNtlm(line.ntlm).slice(1)) show(visit, dim(`   ${each}`));
    },
    attempted: (visit, attempt) => printVerdict(label(visit), attempt),
    relayed(visit, from, bytes) {
      for (const line of excerpt(bytes)) show(visit, `${from === "client" ? bold("C:") : "S:"} ${dim(line)}`);
    },
    closed: (visit, why) => show(visit, dim(`-- ${why}`)),
  };
}

function printVerdict(label: string, attempt: WatchedAttempt): void {
  const words = verdictWords(attempt);
  console.log(`${label} ${attempt.outcome.kind === "entered" ? green(`=> ${words}`) : red(`=> ${words}`)}`);
  const remark = refusedByDefault(attempt);
  if (remark !== undefined) console.log(`${label} ${dim(`   ${remark}`)}`);
}

const LINES = 8;
const COLUMNS = 110;

/** The first lines of what passes after logon; mail itself is only counted. */
function excerpt(bytes: Buffer): string[] {
  const lines = bytes.toString("latin1", 0, 4096).split("\r\n");
  if (lines.at(-1) === "") lines.pop();
  const shown = lines.slice(0, LINES).map((line) => escapeControls(line).slice(0, COLUMNS));
  const length = lines.slice(0, LINES).join("\r\n").length + 2;
  return bytes.length > length ? [...shown, `... ${bytes.length - length} bytes more`] : shown;
}
