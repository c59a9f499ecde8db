/**
 * Which program most likely sent an NTLM logon, by the NegotiateFlags of its NEGOTIATE_MESSAGE (MS-NLMP 2.2.2.5) and by
 * habits seen on the wire. Whoever wants to can send anything: it is a guess, and says how good a one.
 */
import type { NtlmFacts } from "../core/ntlm-facts.ts";
import type { ProtocolName } from "../core/visit.ts";

/** `likely`: flags and habit as measured; `possible`: one of them, or never measured. */
export type Confidence = "likely" | "possible" | "unknown";

export interface ClientGuess {
  readonly client: string;
  readonly confidence: Confidence;
}

type GuessedFacts = Pick<
  NtlmFacts,
  "negotiateFlags" | "authenticateFlags" | "version" | "workstation" | "mic" | "targetName"
>;

interface Signature {
  readonly client: string | Readonly<Record<ProtocolName, string>>;
  /** What else this client always does; `user` is the name as sent. Without one nothing was measured. */
  readonly habit?: (facts: GuessedFacts, scheme: string, user: string) => boolean;
}

const UNKNOWN: ClientGuess = { client: "unknown", confidence: "unknown" };

/** `scheme`: which response it was; `user`: the name as the client sent it. */
export function guessClient(facts: GuessedFacts, scheme: string, user: string, protocol: ProtocolName): ClientGuess {
  const signatures = SIGNATURES.get(facts.negotiateFlags) ?? [];
  const fitting = signatures.find(({ habit }) => habit?.(facts, scheme, user));
  if (fitting) return { client: nameOf(fitting, protocol), confidence: "likely" };
  const windows = WINDOWS_FLAGS.has(facts.negotiateFlags) ? windowsOf(facts) : undefined;
  if (windows !== undefined) return { client: windows, confidence: "possible" };
  const [only, ...others] = signatures;
  return only && others.length === 0 ? { client: nameOf(only, protocol), confidence: "possible" } : UNKNOWN;
}

function nameOf({ client }: Signature, protocol: ProtocolName): string {
  return typeof client === "string" ? client : client[protocol];
}

const isV1 = (_facts: GuessedFacts, scheme: string): boolean => scheme === "NTLMv1" || scheme === "LM";
const sendsMic = ({ mic }: GuessedFacts): boolean => mic !== "absent";

const SIGNATURES: ReadonlyMap<number, readonly Signature[]> = new Map<number, readonly Signature[]>([
  // libntlm 1.6, and the copies of its ancestor in fetchmail 6.4.37 and exim 4.96: the user name as workstation.
  [
    0x0000b207,
    [
      {
        client: {
          pop3: "libntlm (fetchmail, mpop, mutt)",
          imap: "libntlm (fetchmail, mutt, gsasl)",
          smtp: "libntlm (msmtp, exim, mutt, gsasl)",
        },
        habit: (facts, scheme, user) => facts.workstation === user && isV1(facts, scheme),
      },
    ],
  ],
  // Authen::NTLM, as swaks 20201014 uses it.
  [
    0x0000a207,
    [
      {
        client: {
          pop3: "Perl Authen::NTLM",
          imap: "Perl Authen::NTLM (Mail::IMAPClient)",
          smtp: "Perl Authen::NTLM (swaks)",
        },
        habit: isV1,
      },
    ],
  ],
  // Cyrus SASL 2.1.28: no workstation.
  [
    0x00000207,
    [
      {
        client: {
          pop3: "Cyrus SASL (pop3test)",
          imap: "Cyrus SASL (mbsync, imtest)",
          smtp: "Cyrus SASL (Postfix, smtptest)",
        },
        habit: (facts, scheme) => facts.workstation === "" && isV1(facts, scheme),
      },
    ],
  ],
  // curl 7.88 and Evolution 3.46 offer OEM only, and differ in the workstation.
  [
    0x00088206,
    [
      { client: "curl", habit: ({ workstation }) => workstation === "WORKSTATION" },
      { client: "Evolution", habit: ({ workstation }) => workstation === "UNKNOWN" },
    ],
  ],
  // Thunderbird 153.
  [0x00088207, [{ client: "Thunderbird", habit: ({ workstation }) => workstation === "WORKSTATION" }]],
  // JavaMail 1.6.5: no REQUEST_TARGET, and no flags at all in its AUTHENTICATE_MESSAGE.
  [0x0008b203, [{ client: "JavaMail", habit: ({ authenticateFlags }) => authenticateFlags === 0 }]],
  [0xe0088237, [{ client: "rubyntlm", habit: ({ mic }, scheme) => scheme === "NTLMv2" && mic === "absent" }]],
  [0xe288b032, [{ client: "Python ntlm-auth", habit: sendsMic }]],
  [0x62088205, [{ client: "Samba", habit: sendsMic }]],
  [0xe2088217, [{ client: "gss-ntlmssp", habit: ({ targetName }) => targetName !== undefined }]],
  [0xe0888235, [{ client: "impacket", habit: ({ targetName }) => targetName?.startsWith("cifs/") === true }]],
  // nodemailer-ntlm-auth sends what Windows XP in a domain sends too, down to the VERSION: never more than possible.
  [0xa208b207, [{ client: "nodemailer-ntlm-auth, or Windows XP" }]],
  // MailKit's source (NtlmNegotiateMessage.cs), where it is told no version of an operating system.
  [0xa0088207, [{ client: "MailKit" }]],
]);

/** With and without names, signing and key exchange, as Windows' own NTLM offers them. Windows was read of, not measured. */
const WINDOWS_FLAGS: ReadonlySet<number> = new Set([0xa2088207, 0xa208b207, 0xe2088297, 0xe208b297]);

/** VERSION (MS-NLMP 2.2.2.10) tells the system; which program asked it to log on, nothing does. */
function windowsOf({ version = "", mic, negotiateFlags }: GuessedFacts): string | undefined {
  if (negotiateFlags === 0xa208b207 && mic === "absent") return undefined;
  if (version.startsWith("10.0.")) return "Windows 10 or later (Outlook, MailKit ...)";
  if (/^6\.[0-3]\./.test(version)) return "Windows Vista to 8.1 (Outlook ...)";
  if (/^5\.[0-2]\./.test(version)) return "Windows XP or 2003 (Outlook ...)";
  return undefined;
}
