/** Opens what a winbind validator needs of Samba: helpers, look-ups and the machine's names, which are asked for until they come. */
import { spawn } from "node:child_process";
import type { TargetNames } from "../../core/validator.ts";
import { Helpers } from "./helpers.ts";
import type { Doors } from "./identity.ts";
import { askMachineNames } from "./machine-names.ts";
import type { MachineOptions, WinbindOptions } from "./options.ts";
import { Users } from "./users.ts";
import { wbinfoAsker } from "./wbinfo.ts";

const HELPERS = 2;
const TIMEOUT = 10_000;
const QUEUE = 200;
const QUEUE_TIMEOUT = 5000;
const LOOKUP_AGE = 300_000;
const PROTOCOL = "--helper-protocol=ntlm-server-1";

export function openDoors(options: WinbindOptions): Doors {
  const { log, command, arguments: args = [], lookupArguments = [], timeout = TIMEOUT } = options;
  const helpers = new Helpers({
    start: () => spawn(command, [...args, PROTOCOL], { env: environment(), stdio: ["pipe", "pipe", "pipe"] }),
    helpers: options.helpers ?? HELPERS,
    timeout,
    queue: options.queue ?? QUEUE,
    queueTimeout: options.queueTimeout ?? QUEUE_TIMEOUT,
    onLoss: (why) => log("warn", "an ntlm_auth helper was lost", { validator: options.name, why }),
  });
  const machine = machineNames(options, args);
  const ask = wbinfoAsker(options.lookup, lookupArguments, environment(), timeout);
  const asksGroups = options.groups ?? false;
  let isClosed = false;
  return {
    get isClosed() {
      return isClosed;
    },
    ask: (question) => helpers.ask(question),
    distrust(why) {
      helpers.restart(why);
      return { kind: "unavailable", why: `ntlm_auth: ${why}` };
    },
    names: () => machine.current(),
    users: new Users({ ask, groups: asksGroups, age: options.lookupAge ?? LOOKUP_AGE, now: Date.now }),
    asksGroups,
    domains: options.domains ?? [],
    close() {
      isClosed = true;
      helpers.close();
      machine.close();
      return Promise.resolve();
    },
  };
}

/** Nothing of ours but what Samba's programs read: our own environment may hold secrets. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, KRB5_CONFIG } = process.env;
  return { PATH, LC_ALL: "C.UTF-8", ...(KRB5_CONFIG !== undefined && { KRB5_CONFIG }) };
}

/** Pauses between questions for the names while there is no answer, in milliseconds. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;

interface MachineNames {
  current(): TargetNames | undefined;
  close(): void;
}

function machineNames({ machine, command, log, name }: WinbindOptions, args: readonly string[]): MachineNames {
  let names = machine && namesOf(machine);
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const ask = async (pause: number): Promise<void> => {
    try {
      names = await askMachineNames(command, args, environment(), closing.signal);
      log("info", "the machine's names are known", { validator: name, ...names });
    } catch (error) {
      if (closing.signal.aborted) return;
      const why = error instanceof Error ? error.message : String(error);
      log("warn", "the machine's names are not known", { validator: name, why, retryIn: pause });
      timer = setTimeout(() => void ask(Math.min(pause * 2, LONGEST_PAUSE)), pause);
    }
  };
  if (names === undefined) void ask(FIRST_PAUSE);
  return {
    current: () => names,
    close() {
      clearTimeout(timer);
      closing.abort();
    },
  };
}

function namesOf({ domain, computer, dnsDomain }: MachineOptions): TargetNames {
  const names = { netbiosDomain: domain, netbiosComputer: computer, domainJoined: true };
  if (dnsDomain === undefined) return names;
  return { ...names, dnsDomain, dnsComputer: `${computer.toLowerCase()}.${dnsDomain}` };
}
