/**
 * A program that looks like ntlm_auth and wbinfo to Postern: answers as Samba 4.17 does, or misbehaves in the way that its
 * first argument says. Run by the tests, it has none of its own.
 */
import { createInterface } from "node:readline";
import { ntHash } from "../../../src/ntlm/hashes.ts";
import { AvId, avText } from "../../../src/ntlm/av-pairs.ts";
import { NegotiateFlag } from "../../../src/ntlm/flags.ts";
import { encodeChallenge } from "../../../src/ntlm/messages/challenge.ts";
import { verifyResponses } from "../../../src/ntlm/responses.ts";

const PASSWORDS: Readonly<Record<string, string>> = {
  alice: "Password1",
  bob: "Bob's own",
  mallory: "mallory's",
  pc$: "x",
};
const WRONG =
  "When trying to update a password, this return status indicates that the value provided as the current password is not correct.";
const NOBODY = "The specified account does not exist.";

const [behaviour = "", ...rest] = process.argv.slice(2);

function say(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

function parse(block: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    block.map((line) => {
      const [, key = "", colons = "", value = ""] = /^([A-Za-z-]+)(::?) (.*)$/.exec(line) ?? [];
      return [key, colons === "::" ? Buffer.from(value, "base64").toString("utf8") : value];
    }),
  );
}

/** The lines of a right answer, without the dots. */
function judge(request: ReadonlyMap<string, string>): readonly string[] {
  const user = request.get("Username") ?? "";
  const password = PASSWORDS[user.toLowerCase()];
  if (password === undefined) return no(NOBODY);
  const match = verifyResponses(
    { nt: ntHash(password) },
    {
      names: [{ user, domain: request.get("NT-Domain") ?? "" }],
      workstation: "",
      serverChallenge: Buffer.from(request.get("LANMAN-Challenge") ?? "", "hex"),
      ntResponse: Buffer.from(request.get("NT-Response") ?? "", "hex"),
      lmResponse: new Uint8Array(0),
      extendedSessionSecurity: false,
      minimum: "v1",
    },
  );
  return match ? yes(match.sessionBaseKey.toString("hex").toUpperCase()) : no(WRONG);
}

const yes = (key: string) => ["Authenticated: Yes", `User-Session-Key: ${key}`];
const no = (sentence: string) => ["Authenticated: No", `Authentication-Error: ${sentence}`];

function answer(request: ReadonlyMap<string, string>): void {
  const lines = judge(request);
  const isYes = lines[0] === "Authenticated: Yes";
  const misbehave = MISBEHAVIOURS[behaviour];
  if (misbehave) misbehave(lines, request);
  else say(...lines, ".", ...(isYes ? [] : ["."]));
}

/** The answer to the question before this one, for helpers that are one behind. */
let before: readonly string[] = yes("00".repeat(16));

const MISBEHAVIOURS: Readonly<
  Record<string, (lines: readonly string[], request: ReadonlyMap<string, string>) => void>
> = {
  "late second dot": (lines) => {
    say(...lines, ".");
    if (lines[0] !== "Authenticated: Yes") setTimeout(() => say("."), 300);
  },
  "one dot only": (lines) => say(...lines, "."),
  "three dots": (lines) => say(...lines, ".", ".", "."),
  "two answers": (lines) => say(...lines, ".", ...yes("11".repeat(16)), "."),
  "one behind": (lines) => {
    say(...before, ".");
    before = lines;
  },
  "another's answer": () => say(...yes("22".repeat(16)), "."),
  "speaks when idle": (lines) => {
    say(...lines, ".", ...(lines[0] === "Authenticated: Yes" ? [] : ["."]));
    setTimeout(() => say(...yes("33".repeat(16)), "."), 50);
  },
  "late answer": (lines) => setTimeout(() => say(...lines, "."), 1500),
  hangs: () => undefined,
  "hangs in the middle": (lines) => say(lines[0] ?? ""),
  crashes: () => process.exit(3),
  "crashes in the middle": (lines) => process.stdout.write(`${lines[0] ?? ""}\nUser-Session`, () => process.exit(3)),
  "crashes for mallory": (lines, request) => {
    if (request.get("Username") === "mallory") process.exit(3);
    say(...lines, ".");
  },
  "endless line": () => process.stdout.write("A".repeat(1_000_000)),
  garbage: () => process.stdout.write(Buffer.from([0, 1, 2, 255, 10, 46, 10])),
  "error line": (lines) => say("Error: hex decode of NT-Response failed!", ".", ...lines, "."),
  "yes without key": () => say("Authenticated: Yes", "."),
  "yes with a zero key of odd length": () => say("Authenticated: Yes", "User-Session-Key: 000", "."),
  "no without reason": () => say("Authenticated: No", "."),
  "yes and no": () => say("Authenticated: No", ...yes("44".repeat(16)), "."),
  "cr lf": (lines) => process.stdout.write(lines.map((line) => `${line}\r\n`).join("") + ".\r\n"),
  "no servers": () => say(...no("No logon servers are currently available to service the logon request."), ".", "."),
  "no winbindd": () => say(...no("Reading winbind reply failed!"), ".", "."),
  "unknown sentence": () => say(...no("Yes, this user is welcome."), ".", "."),
  slow: (lines) => setTimeout(() => say(...lines, ".", ...(lines[0] === "Authenticated: Yes" ? [] : ["."])), 150),
};

function challenge(): string {
  const { NTLMSSP_NEGOTIATE_UNICODE, NTLMSSP_NEGOTIATE_TARGET_INFO } = NegotiateFlag;
  const names = [avText(AvId.MsvAvNbDomainName, "EXAMPLE"), avText(AvId.MsvAvNbComputerName, "MAIL")];
  const dns = [avText(AvId.MsvAvDnsDomainName, "example.com"), avText(AvId.MsvAvDnsComputerName, "mail.example.com")];
  const message = encodeChallenge({
    flags: NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_TARGET_INFO,
    targetName: "EXAMPLE",
    serverChallenge: Buffer.alloc(8),
    targetInfo: behaviour === "no names" ? [] : [...names, ...dns],
  });
  return `TT ${message.toString("base64")}`;
}

function beWbinfo(argument: string): void {
  if (behaviour === "lookup fails") {
    process.stderr.write("failed to call wbcLookupName: WBC_ERR_WINBIND_NOT_AVAILABLE\n");
    process.exitCode = 1;
    return;
  }
  const sid = "S-1-5-21-1-2-3";
  const answers: Readonly<Record<string, string>> = {
    "--separator": "\\",
    "--name-to-sid=example\\a.lice@example.org": `${sid}-1103 SID_USER (1)`,
    "--name-to-sid=example\\alice": `${sid}-1103 SID_USER (1)`,
    [`--sid-to-name=${sid}-1103`]: "EXAMPLE\\Alice 1",
    [`--user-sids=${sid}-1103`]: [`${sid}-1103`, `${sid}-513`, "S-1-5-21-9-9-9-1200"].join("\n"),
    [`--lookup-sids=${sid}-513`]: `${sid}-513 -> <none>\\Domain Users 2`,
  };
  const known = answers[argument.startsWith("--name") ? argument.toLowerCase() : argument];
  if (known !== undefined) return say(known);
  process.stderr.write("failed to call wbcLookupName: WBC_ERR_DOMAIN_NOT_FOUND\n");
  process.exitCode = 1;
}

const role = rest.at(-1) ?? "";
if (!role.startsWith("--helper-protocol")) beWbinfo(role);
else {
  let block: string[] = [];
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (role === "--helper-protocol=squid-2.5-ntlmssp") return say(challenge());
    if (line !== ".") return void block.push(line);
    answer(parse(block));
    block = [];
  });
}
