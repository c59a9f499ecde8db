/** CPU time of calls that are to be compared: interleaved rounds after a warm-up, medians, and ratios within each round. */

/** One of the things compared. */
export interface Contestant {
  readonly name: string;
  /** Makes so many calls; microseconds of CPU that they took together. */
  readonly round: (calls: number) => number | Promise<number>;
}

export interface Figures {
  readonly name: string;
  /** Microseconds of CPU a call, the median of all rounds. */
  readonly each: number;
  /** How often the first contestant's time, the median of the ratios within each round. */
  readonly ratio: number;
}

export interface Effort {
  readonly rounds: number;
  /** Milliseconds of CPU that each contestant gets in each round. */
  readonly milliseconds: number;
}

/** Half a minute for everything in bench/micro.ts. */
export const USUAL_EFFORT: Effort = { rounds: 15, milliseconds: 50 };

/** Here each call is a step on this process' own thread. What it returns is kept, so that no compiler leaves it out. */
export function here(name: string, call: () => unknown): Contestant {
  return {
    name,
    round: (calls) => {
      const before = process.cpuUsage();
      for (let i = 0; i < calls; i += 1) sink = call();
      return since(before);
    },
  };
}

/** As here, for calls that may promise their result. */
export function hereAwaited(name: string, call: () => unknown): Contestant {
  return {
    name,
    round: async (calls) => {
      const before = process.cpuUsage();
      for (let i = 0; i < calls; i += 1) sink = await call();
      return since(before);
    },
  };
}

/** The last thing any call returned. */
export let sink: unknown;

/** All contestants beside the first, in rounds in which each has one turn. */
export async function compare(contestants: readonly Contestant[], effort = USUAL_EFFORT): Promise<Figures[]> {
  const budget = effort.milliseconds * 1000;
  const calls: number[] = [];
  for (const contestant of contestants) calls.push(await warmUp(contestant, budget));
  const rounds: number[][] = [];
  for (let round = 0; round < effort.rounds; round += 1) {
    const times: number[] = [];
    for (const [index, { round: take }] of contestants.entries())
      times.push((await take(calls[index]!)) / calls[index]!);
    rounds.push(times);
  }
  return contestants.map(({ name }, index) => ({
    name,
    each: median(rounds.map((times) => times[index]!)),
    ratio: median(rounds.map((times) => times[index]! / times[0]!)),
  }));
}

/** Rounds' worth of calls before any is counted: the compiler needs some tenths of a second to have seen everything. */
const WARM_UP = 6;

/** Doubles the calls until the compiler is done too; the number of calls that fills the budget. */
async function warmUp({ round }: Contestant, budget: number): Promise<number> {
  for (let calls = 1; ; calls *= 2) {
    const spent = await round(calls);
    if (spent >= WARM_UP * budget) return Math.max(1, Math.round((calls * budget) / spent));
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
