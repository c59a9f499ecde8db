/** The table of clients: who got in over which protocol, by which mechanism, with and without TLS. Markdown. */
import type { Way } from "../peers/login.ts";

/** One result, as a peer test leaves it behind: a line of JSON. */
export interface Result extends Way {
  readonly client: string;
  /** NTLM: which responses the client makes. */
  readonly ntlm?: "v1" | "v2";
}

/** The environment variable that names the file in which results are collected; set by the test command. */
export const RESULTS = "POSTERN_TEST_MATRIX";

const COLUMNS: readonly Way["tls"][] = ["none", "STARTTLS", "TLS"];

/** undefined: there are no results. `lines`: a result in JSON each. */
export function clientTable(lines: readonly string[]): string | undefined {
  if (lines.length === 0) return undefined;
  const results = lines.map((line) => JSON.parse(line) as Result);
  const rows = new Map<string, Set<string>>();
  for (const result of results) rows.set(rowOf(result), (rows.get(rowOf(result)) ?? new Set()).add(result.tls));
  const body = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([row, seen]) => `| ${row} | ${COLUMNS.map((tls) => (seen.has(tls) ? "yes" : "-")).join(" | ")} |`);
  return [
    "| client | protocol | mechanism | without TLS | STARTTLS | TLS |",
    "| --- | --- | --- | --- | --- | --- |",
    ...body,
    "",
    "yes: gets in with the right password, to its own mailbox, and not with a wrong one; -: not tried.",
    "CRAM-MD5, OAUTHBEARER and XOAUTH2: with the sandbox; all others with Dovecot and Postfix behind Postern.",
    "NTLMv1: only where the listener says `ntlm: { minimum: v1 }`; at its default it refuses and logs why.",
  ].join("\n");
}

function rowOf({ client, protocol, mechanism, ntlm }: Result): string {
  return `${client} | ${protocol.toUpperCase()} | ${ntlm === undefined ? mechanism : `NTLM${ntlm}`}`;
}
