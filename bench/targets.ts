/** What Postern wants to reach, as ratios against peers measured in the same run; lower is better. */

export interface Target {
  /** The scenario's name in the report of the load generator. */
  readonly scenario: string;
  readonly peer: string;
  readonly ratio: number;
  /** Which figure of the scenario: its main one, or the median latency. */
  readonly figure: "value" | "p50_ms";
}

const target = (scenario: string, peer: string, ratio: number, figure: Target["figure"] = "value"): Target => ({
  scenario,
  peer,
  ratio,
  figure,
});

export const targets: readonly Target[] = [
  ...["pop3 USER/PASS", "imap LOGIN", "imap AUTH PLAIN", "smtp AUTH PLAIN"].flatMap((scenario) => [
    target(scenario, "dovecot-hp", 0.75),
    target(scenario, "nginx", 1.5),
  ]),
  target("imaps LOGIN full", "nginx", 1.2),
  target("imap NTLM", "dovecot-hp", 0.08),
  target("imap FETCH 50MB", "nginx", 0.6),
  target("imaps FETCH 50MB", "nginx", 0.5),
  target("smtp DATA 50MB", "nginx", 1.0),
  target("imap idle", "nginx", 1.0),
  target("imaps idle", "dovecot-hp", 0.7),
  target("imaps latency", "nginx", 0.2, "p50_ms"),
];
