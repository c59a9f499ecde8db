/** `postern policy`: what each listener demands of NTLM logons, and every exception with its owner and its last day. */
import type { Command } from "commander";
import { formatProblem, readConfig, type Config } from "../config/read.ts";
import { listenerPolicyOf, sitePolicyOf } from "../listener-policy.ts";
import type { AcceptorPolicy } from "../ntlm/policy.ts";
import { reportPolicy, type ExceptionReport, type PolicyReport, type RuleReport } from "../policy/report.ts";
import type { NtlmDemands, Scope } from "../policy/words.ts";
import { DEFAULT_CONFIG } from "./configuration.ts";

export function registerPolicy(program: Command): void {
  program
    .command("policy")
    .description("show what each listener demands of NTLM logons, and all exceptions with owner and last day")
    .argument("[config]", "the configuration file", DEFAULT_CONFIG)
    .option("--json", "as JSON")
    .addHelpText("after", "\nExit code: 0, or 1 when an exception has expired or the configuration cannot be used.")
    .action(policy);
}

function policy(path: string, { json }: { readonly json?: true }): void {
  const { config, problems } = readConfig(path, process.env);
  if (!config) {
    for (const problem of problems) console.error(formatProblem(problem));
    process.exitCode = 1;
    return;
  }
  const report = reportOf(config, Date.now());
  process.exitCode = exitCodeOf(report);
  console.log(json ? jsonOf(report) : formatPolicy(report));
}

export function reportOf(config: Config, now: number): PolicyReport {
  const listeners = config.listeners.map((listener) => ({
    ...listenerPolicyOf(config, listener),
    reveal: listener.challenge.reveal,
    offersNtlm: listener.mechanisms.some((name) => name === "NTLM" || name === "GSS-SPNEGO"),
  }));
  return reportPolicy(listeners, sitePolicyOf(config), now);
}

/** An exception that has expired keeps somebody out, or should be struck from the list: monitoring wants to know. */
export function exitCodeOf({ expired }: PolicyReport): 0 | 1 {
  return expired.length > 0 ? 1 : 0;
}

/** A window without end is no window, in JSON too. */
export function jsonOf(report: PolicyReport): string {
  return JSON.stringify(report, (_key, value: unknown) => (value === Infinity ? null : value), 2);
}

export function formatPolicy({ listeners, rules, exceptions, today, expired }: PolicyReport): string {
  const lines = listeners.flatMap(({ name, protocol, offersNtlm, policy: each, reveal }) => [
    `Listener ${name} (${protocol})${offersNtlm ? "" : ", NTLM is not offered"}`,
    ...demandLines(each),
    `  ${"reveal".padEnd(16)}names ${reveal.names}, ${reveal.version ? "version" : "no version"}`,
  ]);
  const ruleLines = rules.length > 0 ? ["", "Rules that demand more", ...rules.flatMap(ruleInWords)] : [];
  const count = `${exceptions.length} exception${exceptions.length === 1 ? "" : "s"}`;
  const title = exceptions.length === 0 ? `No exceptions, ${today}` : `${count}, ${expired.length} expired, ${today}`;
  return [...lines, ...ruleLines, "", title, ...exceptions.flatMap(exceptionInWords)].join("\n");
}

/** By our key, and beside it the variable of MS-NLMP where there is one. */
const SHOWN: readonly (readonly [key: keyof AcceptorPolicy, variable: string])[] = [
  ["minimum", "LmCompatibilityLevel"],
  ["mic", ""],
  ["channelBinding", "ApplicationRequiresCBT"],
  ["targetName", "UnverifiedTargetName"],
  ["avEcho", ""],
  ["clockWindow", "MaxLifetime"],
  ["allowedDomains", ""],
  ["blockedDomains", ""],
  ["require128", "ServerRequire128bitEncryption"],
  ["block", "ServerBlock"],
];

function demandLines(each: AcceptorPolicy): string[] {
  return SHOWN.filter(([key]) => each[key] !== undefined).map(([key, variable]) =>
    `  ${key.padEnd(16)}${valueInWords(key, each[key]).padEnd(20)}${variable}`.trimEnd(),
  );
}

function ruleInWords({ name, require, ...scope }: RuleReport): string[] {
  return [`  ${name}`, `    for       ${scopeInWords(scope)}`, `    requires  ${demandsInWords(require)}`];
}

function exceptionInWords({ name, owner, reason, expires, daysLeft, allow, ...scope }: ExceptionReport): string[] {
  return [
    `  ${name}${daysLeft < 0 ? "  EXPIRED" : ""}`,
    `    allows    ${demandsInWords(allow)}`,
    `    for       ${scopeInWords(scope)}`,
    `    owner     ${owner}`,
    `    expires   ${expires}, ${daysInWords(daysLeft)}`,
    `    reason    ${reason}`,
  ];
}

function daysInWords(days: number): string {
  if (days === 0) return "today is the last day";
  const count = `${Math.abs(days)} day${Math.abs(days) === 1 ? "" : "s"}`;
  return days > 0 ? `${count} left` : `${count} ago`;
}

function scopeInWords({ listeners, networks, users }: Scope): string {
  const said = [
    listeners && `listeners ${listeners.join(", ")}`,
    networks && `networks ${networks.join(", ")}`,
    users && `users ${users.join(", ")}`,
  ].filter((each) => each !== undefined);
  return said.length > 0 ? said.join("; ") : "everybody";
}

function demandsInWords(demands: NtlmDemands): string {
  const entries = Object.entries(demands).filter(([, value]) => value !== undefined);
  return entries.map(([key, value]) => `${key} ${valueInWords(key, value)}`).join(", ");
}

function valueInWords(key: string, value: unknown): string {
  if (key === "clockWindow") return value === Infinity ? "off" : `${Number(value) / 1000}s`;
  if (Array.isArray(value)) return value.map((each) => (each === "" ? '""' : String(each))).join(", ") || "none";
  return String(value);
}
