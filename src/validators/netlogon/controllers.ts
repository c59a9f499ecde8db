/** The controllers that may be asked, in order: as listed, or as DNS says, which is asked again from time to time. */
import { Controller, type ControllerSettings } from "./controller.ts";
import { findControllers } from "./discovery.ts";
import type { ControllerAddress, NetlogonOptions } from "./options.ts";
import { hostPort } from "../../wire/networks.ts";

/** Milliseconds for which what DNS said is believed. */
const AGE = 600_000;
/** The same when it said nothing of use, or nobody that it named can be asked. */
const SHORT_AGE = 15_000;

export interface Controllers {
  /** At least one; at once where they are known. Rejects with an Error with a sentence for the administrator. */
  all(): readonly Controller[] | Promise<readonly Controller[]>;
  close(): void;
}

type Where = Pick<NetlogonOptions, "controllers" | "dnsDomain" | "nameServers">;

export function makeControllers(
  { controllers, dnsDomain, nameServers }: Where,
  settings: ControllerSettings,
): Controllers {
  if (controllers === undefined)
    return new FoundControllers(async () => {
      const found = await findControllers(dnsDomain, nameServers);
      return new Map(found.map(({ name, host, port }) => [name, { host, port }]));
    }, settings);
  const listed = controllers.map((each) => new Controller(titleOf(each), each, settings));
  return { all: () => listed, close: () => listed.forEach((each) => each.close()) };
}

function titleOf({ host, port }: ControllerAddress): string {
  return port === undefined ? host : hostPort({ host, port });
}

class FoundControllers implements Controllers {
  readonly #find: () => Promise<ReadonlyMap<string, ControllerAddress>>;
  readonly #settings: ControllerSettings;
  #known: readonly Controller[] = [];
  #asked = -Infinity;
  #asking: Promise<void> | undefined;
  #failure: Error | undefined;
  #isClosed = false;

  constructor(find: () => Promise<ReadonlyMap<string, ControllerAddress>>, settings: ControllerSettings) {
    this.#find = find;
    this.#settings = settings;
  }

  /** Only who comes first waits for DNS; later the answer of before serves until there is another. */
  all(): readonly Controller[] | Promise<readonly Controller[]> {
    const isUseful = this.#known.some(({ outage }) => outage === undefined);
    if (performance.now() - this.#asked > (isUseful ? AGE : SHORT_AGE)) this.#refresh();
    return this.#known.length > 0 ? this.#known : this.#first();
  }

  close(): void {
    this.#isClosed = true;
    this.#known.forEach((each) => each.close());
  }

  async #first(): Promise<readonly Controller[]> {
    await this.#asking;
    if (this.#known.length === 0) throw this.#failure ?? new Error("DNS names no domain controller");
    return this.#known;
  }

  #refresh(): void {
    this.#asked = performance.now();
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
  }

  async #ask(): Promise<void> {
    try {
      const found = await this.#find();
      this.#failure = undefined;
      if (found.size > 0 && !this.#isClosed) this.#replace(found);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      const fields = { error: this.#failure.message, known: this.#known.length };
      this.#settings.log("warn", "domain controllers could not be looked up", fields);
    }
  }

  /** Those that are named again keep their connections. */
  #replace(found: ReadonlyMap<string, ControllerAddress>): void {
    const before = new Map(this.#known.map((each) => [each.title, each]));
    this.#known = [...found].map(([name, address]) => {
      const known = before.get(name);
      return known?.address.host === address.host ? known : new Controller(name, address, this.#settings);
    });
    for (const each of before.values()) if (!this.#known.includes(each)) each.close();
  }
}
