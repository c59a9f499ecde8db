/** The sandbox for programs: a ready line, then every event, each a JSON object on a line of its own. */
import type { Visit } from "../core/visit.ts";
import { Dialogue } from "../observe/dialogue.ts";
import type { Watcher } from "../observe/watcher.ts";
import type { Sandbox } from "../start-sandbox.ts";
import { refusedByDefault, verdictWords } from "./verdict-words.ts";

export function jsonReady({ ports, accounts, certificate }: Sandbox, host: string): void {
  print({ event: "ready", host, ports, accounts, certificate });
}

/** Secrets are hidden here as on the terminal. */
export function jsonWatcher(): Watcher {
  const dialogues = new WeakMap<Visit, Dialogue>();
  return {
    opened(visit) {
      dialogues.set(visit, new Dialogue(visit.protocol));
      print({ event: "connected", ...place(visit), client: visit.client, tls: visit.secure });
    },
    line(visit, voice, text, kind) {
      const shown = dialogues.get(visit)?.hear(voice, text, kind);
      if (shown) print({ event: "line", ...place(visit), ...shown });
    },
    attempted(visit, attempt) {
      const { mechanism, claimed, outcome } = attempt;
      const { kind, why, user, scheme } = outcome;
      const remark = refusedByDefault(attempt);
      const words = verdictWords(attempt);
      print({ event: "verdict", ...place(visit), mechanism, claimed, result: kind, user, scheme, why, words, remark });
    },
    relayed: (visit, from, bytes) => print({ event: "relayed", ...place(visit), from, bytes: bytes.length }),
    closed: (visit, why) => print({ event: "closed", ...place(visit), why }),
  };
}

function place(visit: Visit): object {
  return { session: visit.id, protocol: visit.protocol, listener: visit.listener };
}

function print(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
