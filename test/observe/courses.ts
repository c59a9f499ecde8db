/** Exchanges of every mechanism with what may be seen of them, and a look for what may not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ProtocolName } from "../../src/core/visit.ts";
import { Dialogue, type ShownLine } from "../../src/observe/dialogue.ts";
import { ROOT } from "../support/root.ts";

export type Said = readonly ["C" | "S", string | Buffer];

export interface Course {
  readonly mechanism: string;
  /** After the command; base64 is put on. */
  readonly messages: readonly Said[];
  /** What the messages are shown as. */
  readonly shown: readonly string[];
  /** No six characters in a row of these may be seen, nor of their base64. */
  readonly secrets: readonly string[];
}

export const PROTOCOLS: readonly ProtocolName[] = ["pop3", "imap", "smtp"];
export const COMMAND = { pop3: "AUTH", imap: "a1 AUTHENTICATE", smtp: "AUTH" };
export const PROMPT = { pop3: "+", imap: "+", smtp: "334" };
export const NO = { pop3: "-ERR no", imap: "a1 NO no", smtp: "535 no" };

export const PASSWORD = "Tr0ub4dor&3-hunter2";
const TOKEN = "vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
export const DIGEST = "b913a602c7eda7a495b4e6e7334d3890";
const PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
const NONCE = "rOprNGfwEbeRWgbNEkqO";
const ERROR = '{"status":"invalid_token"}';

const { vectors } = JSON.parse(readFileSync(new URL("test/vectors/vectors-public.json", ROOT), "utf8")) as {
  vectors: readonly { readonly kind: string; readonly tokens?: readonly (readonly [string, string])[] }[];
};
const [spnegoInit, spnegoChallenge, spnegoAnswer] = vectors
  .find(({ kind, tokens }) => kind === "spnego" && tokens)!
  .tokens!.map(([, hex]) => Buffer.from(hex, "hex")) as [Buffer, Buffer, Buffer];
const ntlmOf = (token: Buffer): Buffer => token.subarray(token.indexOf("NTLMSSP\0"));
/** NTProofStr, by which passwords can be guessed: the first 16 bytes of NtChallengeResponse (MS-NLMP 2.2.1.3, 2.2.2.8). */
const proofOf = (message: Buffer): Buffer => message.subarray(message.readUInt32LE(24)).subarray(0, 16);
export const NTLM_SECRETS = (["latin1", "hex"] as const).map((form) => proofOf(ntlmOf(spnegoAnswer)).toString(form));

const scram = (mechanism: string, header: string, binding: string): Course => ({
  mechanism,
  messages: [
    ["C", `${header}n=ali=2Cce,r=${NONCE}`],
    ["S", `r=${NONCE}xyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ["C", `c=biws,r=${NONCE}xyz,p=${PROOF}`],
    ["S", `v=${SIGNATURE}`],
    ["C", ""],
  ],
  shown: [
    `<client-first, user name ali,ce, ${binding}>`,
    "<server-first, 4096 iterations>",
    "<client-final, proof hidden>",
    "<server-final, verifier hidden>",
    "",
  ],
  secrets: [PROOF, SIGNATURE],
});
const bearer = (mechanism: string, message: string, acknowledged: string): Course => ({
  mechanism,
  messages: [["C", message], ["S", ERROR], ["C", acknowledged]], // prettier-ignore
  shown: ["<bearer token hidden, user alice>", `<error ${ERROR}>`, acknowledged === "" ? "" : "<acknowledged>"],
  secrets: [TOKEN],
});

export const COURSES: readonly Course[] = [
  scram("SCRAM-SHA-1", "n,,", "not bound to TLS"),
  scram("SCRAM-SHA-256", "y,,", "could bind to TLS but was not offered it"),
  scram("SCRAM-SHA-256-PLUS", "p=tls-exporter,,", "bound to TLS by tls-exporter"),
  bearer("XOAUTH2", `user=alice\x01auth=Bearer ${TOKEN}\x01\x01`, ""),
  bearer("OAUTHBEARER", `n,a=alice,\x01host=localhost\x01port=143\x01auth=Bearer ${TOKEN}\x01\x01`, "\x01"),
  {
    mechanism: "PLAIN",
    messages: [["C", `bob\0alice\0${PASSWORD}`]],
    shown: ["<user name alice, acts as bob, password hidden>"],
    secrets: [PASSWORD],
  },
  {
    mechanism: "LOGIN",
    messages: [["S", "Username:"], ["C", "alice"], ["S", "Password:"], ["C", PASSWORD]], // prettier-ignore
    shown: ["<Username>", "<user name alice>", "<Password>", "<password hidden>"],
    secrets: [PASSWORD],
  },
  {
    mechanism: "LOGIN",
    messages: [["C", "alice"], ["S", "Password:"], ["C", PASSWORD]], // prettier-ignore
    shown: ["<user name alice>", "<Password>", "<password hidden>"],
    secrets: [PASSWORD],
  },
  {
    mechanism: "CRAM-MD5",
    messages: [["S", "<1896.697170952@localhost>"], ["C", `alice in blunderland ${DIGEST}`]], // prettier-ignore
    shown: ["<challenge 1896.697170952@localhost>", "<user name alice in blunderland, digest hidden>"],
    secrets: [DIGEST],
  },
  {
    mechanism: "EXTERNAL",
    messages: [["C", "bob"]],
    shown: ["<the certificate's identity, acts as bob>"],
    secrets: [],
  },
  {
    mechanism: "NTLM",
    messages: [["C", ntlmOf(spnegoInit)], ["S", ntlmOf(spnegoChallenge)], ["C", ntlmOf(spnegoAnswer)]], // prettier-ignore
    shown: ["NTLM NEGOTIATE_MESSAGE", "NTLM CHALLENGE_MESSAGE", "NTLM AUTHENTICATE_MESSAGE"],
    secrets: NTLM_SECRETS,
  },
  {
    mechanism: "GSS-SPNEGO",
    messages: [["C", spnegoInit], ["S", spnegoChallenge], ["C", spnegoAnswer]], // prettier-ignore
    shown: [
      "NegTokenInit with NTLM NEGOTIATE_MESSAGE",
      "NegTokenResp with NTLM CHALLENGE_MESSAGE",
      "NegTokenResp with NTLM AUTHENTICATE_MESSAGE",
    ],
    secrets: NTLM_SECRETS,
  },
  {
    mechanism: "X-SECRET",
    messages: [["C", PASSWORD], ["S", PASSWORD], ["C", `alice ${PASSWORD}`]], // prettier-ignore
    shown: ["<28 characters hidden>", "<28 characters hidden>", "<36 characters hidden>"],
    secrets: [PASSWORD],
  },
];

export function base64(message: string | Buffer): string {
  return Buffer.from(message as string).toString("base64");
}

/** With the client's first message in the command where it has one. */
export function* play(protocol: ProtocolName, { mechanism, messages }: Course): Generator<ShownLine> {
  const dialogue = new Dialogue(protocol);
  const [first, ...others] = messages;
  const initial = first![0] === "C" ? ` ${base64(first![1]) || "="}` : "";
  yield dialogue.hear("C", `${COMMAND[protocol]} ${mechanism}${initial}`, "line");
  for (const [voice, message] of initial === "" ? messages : others)
    yield dialogue.hear(voice, voice === "C" ? base64(message) : `${PROMPT[protocol]} ${base64(message)}`, "line");
  yield dialogue.hear("S", NO[protocol], "line");
}

/** The same, the first message after an empty challenge. */
export function* playLate(protocol: ProtocolName, course: Course): Generator<ShownLine> {
  const dialogue = new Dialogue(protocol);
  yield dialogue.hear("C", `${COMMAND[protocol]} ${course.mechanism}`, "line");
  if (course.messages[0]![0] === "C") yield dialogue.hear("S", `${PROMPT[protocol]} `, "line");
  for (const [voice, message] of course.messages)
    yield dialogue.hear(voice, voice === "C" ? base64(message) : `${PROMPT[protocol]} ${base64(message)}`, "line");
}

const WINDOW = 6;

/** Parts of a secret, as it is and in base64 at any of three places. */
function windowsOf(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret, "latin1");
  const encoded = [0, 1, 2].map((skip) => bytes.subarray(skip).toString("base64").replace(/=+$/, ""));
  const windows = (text: string) =>
    Array.from({ length: Math.max(0, text.length - WINDOW + 1) }, (_, at) => text.slice(at, at + WINDOW));
  return new Set([secret, ...encoded].flatMap(windows).filter((each) => !/^(.)\1*$/s.test(each)));
}

export function assertHidden(lines: Iterable<object>, secrets: readonly string[]): void {
  const shown = JSON.stringify([...lines]);
  for (const secret of secrets)
    for (const window of windowsOf(secret)) assert.ok(!shown.includes(window), `${window} is shown in ${shown}`);
}
