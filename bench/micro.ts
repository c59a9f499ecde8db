/**
 * `npm run bench -- --micro`: what Postern's own computing costs, without sockets, beside the nearest npm packages and
 * Samba's ntlm_auth, in one run. With --write the table goes into docs/micro-benchmarks.md.
 */
import { compare, type Contestant, type Figures } from "./micro/measure.ts";
import { building, challenging, decoding, ourServer, verification } from "./micro/ntlm.ts";
import { Samba, withoutSamba } from "./micro/samba.ts";
import { scramLogons } from "./micro/scram.ts";

interface Row {
  readonly what: string;
  readonly peer: Figures;
  readonly ours: Figures;
  /** Ours divided by the peer's. */
  readonly ratio: number;
  readonly target: number | undefined;
}

/** 40 microseconds where createHmac of 64 bytes takes 3. */
const VERIFICATION_TARGET = 40 / 3;
const DECODE_TARGET = 1 / 5;
/** Far from a PBKDF2; near enough to the chain that what is around it (parsing, SASLprep, a decoy's keys) stays small. */
const PBKDF2_TARGET = 1 / 50;
const CHAIN_TARGET = 5;

/** Times everything; the table, and what could not be measured with the reason. */
export async function microBenchmarks(): Promise<string> {
  const [hmac, verified] = await compare(verification);
  const [hmacAgain, opened] = await compare(challenging);
  const [decoded, parsed] = await compare(decoding);
  const [logon, chain, pbkdf2] = await compare(await scramLogons());
  const [built, ...builders] = await compare(building());
  const rows = [
    row("verify a Type 3: read, policy, NTLMv2, MIC", hmac!, verified!, verified!.ratio, VERIFICATION_TARGET),
    row("answer a Type 1 with a Type 2", hmacAgain!, opened!, opened!.ratio),
    row("decode a Type 3", parsed!, decoded!, 1 / parsed!.ratio, DECODE_TARGET),
    row("SCRAM-SHA-256 logon on the server", pbkdf2!, logon!, 1 / pbkdf2!.ratio, PBKDF2_TARGET),
    row("SCRAM-SHA-256 logon on the server", chain!, logon!, 1 / chain!.ratio, CHAIN_TARGET),
    ...builders.map((peer) => row("build a Type 3, ours with a MIC", peer, built!, 1 / peer.ratio)),
  ];
  const missing = withoutSamba();
  if (!missing) rows.push(...(await besideSamba()));
  return [formatRows(rows), ...(missing ? [`ntlm_auth: not measured, ${missing}.`, ""] : [])].join("\n");
}

async function besideSamba(): Promise<Row[]> {
  const samba = new Samba();
  try {
    const contestants: readonly Contestant[] = [ourServer, ...samba.contestants()];
    const [ours, ...helpers] = await compare(contestants);
    return helpers.map((peer) => row("NTLM logon on the server, base64 to verdict", peer, ours!, 1 / peer.ratio, 1));
  } finally {
    await samba.end();
  }
}

function row(what: string, peer: Figures, ours: Figures, ratio: number, target?: number): Row {
  return { what, peer, ours, ratio, target };
}

function formatRows(rows: readonly Row[]): string {
  const cells = rows.map(({ what, peer, ours, ratio, target }) => {
    const reached = target === undefined ? "-" : ratio <= target ? "yes" : "no";
    const figures = [`**${show(ratio)}**`, target === undefined ? "-" : show(target), reached];
    return `| ${[what, peer.name, ...figures, show(ours.each), show(peer.each)].join(" | ")} |`;
  });
  return [
    `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}.`,
    "",
    "| step | beside | ratio | target | reached | Postern's us | the other's us |",
    "|---|---|---|---|---|---|---|",
    ...cells,
    "",
  ].join("\n");
}

/** Three significant digits. */
function show(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
}
