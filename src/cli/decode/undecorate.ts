/** A line of a protocol freed of what programs put before it: whose line it is, times, thread names, arrows. */

export type Voice = "client" | "server";

export interface PlainLine {
  /** Where the decoration says whose line it is. */
  readonly voice: Voice | undefined;
  readonly text: string;
}

/** What each pattern matches at the start of a line is taken away, as often as one of them does. */
const DECORATIONS: readonly (readonly [RegExp, Voice | undefined])[] = [
  // Transcripts (B and G: the server behind and its client), Thunderbird's SMTP and POP3 logs, its IMAP log.
  [/^(?:C|G|SEND|(?:SMTP )?Send|\S{0,120}:SendData):(?=\s|$)/, "client"],
  [/^(?:S|B|RECV|(?:SMTP )?Response|\S{0,120}:CreateNewLineFromSocket):(?=\s|$)/, "server"],
  // curl -v, openssl, swaks (-> and ~> under TLS), fetchmail -v (POP3>), Outlook ([tx], <rx>).
  [/^(?:>{1,3}|[-=~]{1,2}>|(?:POP3|IMAP|E?SMTP)>|[[<]tx[\]>]:?)(?=\s|$)/, "client"],
  [/^(?:<{1,3}|<[-=~*]{1,2}|(?:POP3|IMAP|E?SMTP)<|[[<]rx[\]>]:?)(?=\s|$)/, "server"],
  // Dates and times, "[1234: Main Thread]:", "D/IMAP", "SMTP", "(mail.example.com):", "mailnews.smtp:".
  [/^\d{1,4}[-.:/]\S{0,40}\d\S{0,10}(?=\s)/, undefined],
  [/^(?:UTC|GMT|[AP]M)(?=\s)/, undefined],
  [/^\[[^\]\s][^\]]{0,100}\]:?(?=\s)/, undefined],
  [/^(?:[DIWEV]\/\w{1,20}|SMTP|POP3|IMAP4?)(?=\s)/, undefined],
  [/^[^\s{}"]{1,120}:(?=\s)/, undefined],
  [/^-(?=\s)/, undefined],
];

/** No log has more of them before a line. */
const DECORATION_LIMIT = 10;

export function undecorate(line: string): PlainLine {
  let text = line.trim();
  let voice: Voice | undefined;
  for (let i = 0; i < DECORATION_LIMIT; i++) {
    const found = DECORATIONS.find(([pattern]) => pattern.test(text));
    if (!found) break;
    const [pattern, says] = found;
    text = text.replace(pattern, "").trimStart();
    voice = says ?? voice;
  }
  return { voice, text };
}
