/** What is wrong with a configuration: first as a complaint about a key, then as a problem at a line and column. */

/** Keys and list indices from the top of the document. */
export type Path = readonly (string | number)[];

export type Severity = "error" | "warning";

export interface Complaint {
  readonly path: Path;
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** Default: error. */
  readonly severity?: Severity;
  /** The key itself is meant, not its value. */
  readonly onKey?: boolean;
}

export type Complain = (complaint: Complaint) => void;

export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Dotted, "" for the document: `listeners.0.tls`. */
  readonly path: string;
  readonly message: string;
  /** "" where the message says it all. */
  readonly remedy: string;
  readonly severity: Severity;
}

/** `config.yaml:4:10: listeners.0.tsl: unknown key; did you mean "tls"?` */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const severity = problem.severity === "warning" ? "warning" : "";
  const sentence = [problem.message, problem.remedy].filter((part) => part !== "").join("; ");
  return [place, severity, problem.path, sentence].filter((part) => part !== "").join(": ");
}
