/** An account's state in the words of files and databases: `disabled=yes`. */
import type { AccountState } from "./state.ts";

export const STATE_KEYS = ["disabled"] as const;

/** The state, or what is wrong with a word. */
export function parseState(words: ReadonlyMap<string, string>): AccountState | string {
  const disabled = words.get("disabled") ?? "no";
  if (disabled !== "yes" && disabled !== "no") return "disabled= is neither yes nor no";
  return { ...(disabled === "yes" && { disabled: true }) };
}
