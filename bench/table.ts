/** The report of a run as a Markdown table: each target, what was measured, and whether it was reached. */
import { targets, type Target } from "./targets.ts";

interface Measured {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly p50_ms?: number;
  readonly errors: number;
}

export interface Report {
  readonly when: string;
  readonly rounds: number;
  readonly scenarios: Readonly<
    Record<string, { readonly unit: string; readonly suts: Readonly<Record<string, Measured>> }>
  >;
}

export interface Judged extends Target {
  readonly ours: number;
  readonly theirs: number;
  readonly measured: number;
  /** The same on the other Node, where it was measured. */
  readonly other: number | undefined;
  readonly unit: string;
}

export function judge(report: Report): Judged[] {
  return targets.flatMap((target) => {
    const scenario = report.scenarios[target.scenario];
    const figure = (name: string): number | undefined => scenario?.suts[name]?.[target.figure];
    const [ours, theirs, other] = [figure("postern"), figure(target.peer), figure("postern-n20")];
    if (!scenario || ours === undefined || theirs === undefined) return [];
    const unit = target.figure === "value" ? scenario.unit : "p50 ms";
    return [
      {
        ...target,
        ours,
        theirs,
        measured: ours / theirs,
        other: other === undefined ? undefined : other / theirs,
        unit,
      },
    ];
  });
}

export function formatTable(report: Report, judged: readonly Judged[]): string {
  const rows = judged.map((each) =>
    [
      each.scenario,
      each.unit,
      each.peer,
      each.theirs.toFixed(3),
      each.ours.toFixed(3),
      `**${each.measured.toFixed(2)}**`,
      `${each.ratio}`,
      each.measured <= each.ratio ? "yes" : "no",
      each.other?.toFixed(2) ?? "-",
    ].join(" | "),
  );
  const errors = Object.values(report.scenarios).flatMap(({ suts }) => Object.values(suts).map((each) => each.errors));
  return [
    `${report.when.slice(0, 10)}, ${report.rounds} rounds, ${errors.reduce((sum, each) => sum + each, 0)} errors in all.`,
    "",
    "| scenario | unit | peer | peer's | Postern's | ratio | target | reached | ratio on Node 20 |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row} |`),
    "",
  ].join("\n");
}
