/** Runs wbinfo(1), which asks winbindd about names and SIDs: a process for each question, few at a time, bounded in all. */
import { execFile } from "node:child_process";
import { Gate } from "../gate.ts";

/** winbindd answered that there is no such name, as far as it can see. */
export const NOT_FOUND = "not found";

/** The message is for the log. */
export class LookupFailure extends Error {
  override readonly name = "LookupFailure";
}

/** One argument with its value: a value is never taken for another argument. */
export type AskWbinfo = (argument: `--${string}`) => Promise<string | typeof NOT_FOUND>;

const AT_ONCE = 4;
const WAITING = 64;
/** A user in a thousand groups has a list of 50 kilobytes. */
const OUTPUT_LIMIT = 1_048_576;

/** Rejects with LookupFailure. */
export function wbinfoAsker(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout: number,
): AskWbinfo {
  const gate = new Gate(AT_ONCE, WAITING);
  return (argument) => {
    const options = { env, timeout, killSignal: "SIGKILL", maxBuffer: OUTPUT_LIMIT, encoding: "utf8" } as const;
    const answer = gate.run(
      () =>
        new Promise<string>((resolve, reject) => {
          execFile(command, [...args, argument], options, (error, stdout, stderr) => {
            if (error === null) return resolve(stdout);
            if (/WBC_ERR_(?:DOMAIN_NOT_FOUND|UNKNOWN_USER)\b/.test(stderr)) return resolve(NOT_FOUND);
            const reason = /WBC_ERR_[A-Z_]+/.exec(stderr)?.[0] ?? (error.killed ? "no answer in time" : error.message);
            reject(new LookupFailure(`wbinfo: ${reason.replace(/[^\x20-\x7e]+/g, " ").slice(0, 200)}`));
          });
        }),
    );
    return answer ?? Promise.reject(new LookupFailure("wbinfo: too many look-ups are waiting"));
  };
}
