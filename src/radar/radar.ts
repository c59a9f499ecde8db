/**
 * The retirement radar: hears of every NTLM logon, keeps what is needed to say who would break under a stricter policy,
 * and outlives restarts in a file. Nothing in it is secret, and nothing it does can fail a logon.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { putAside } from "../disk/json-lines.ts";
import { Ledger } from "./ledger.ts";
import { toSighting, type SeenAttempt, type SeenVisit } from "./sighting.ts";
import { readState, writeState, type Snapshot } from "./state.ts";

/** A company's clients; about 10 MB of memory and file. */
export const DEFAULT_LIMIT = 10_000;
/** A crash costs the counts of a minute. */
export const DEFAULT_INTERVAL = 60_000;
/** For the folder, if it has to be made: as private as the file. */
const FOLDER_MODE = 0o700;

export interface RadarOptions {
  /** The state file; undefined: memory only. */
  readonly path: string | undefined;
  /** Entries in all. */
  readonly limit?: number;
  /** Milliseconds between two writes. */
  readonly interval?: number;
  readonly warn: (message: string, fields: Readonly<Record<string, string>>) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export class Radar {
  readonly #ledger: Ledger;
  readonly #warn: RadarOptions["warn"];
  readonly #now: () => number;
  #path: string | undefined;
  #since: number;
  #watched = 0;
  #lastTick: number;
  #isDirty = false;
  #isFaulty = false;
  #cannotSave = false;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  private constructor({ path, limit = DEFAULT_LIMIT, warn, now = Date.now }: RadarOptions) {
    this.#path = path;
    this.#ledger = new Ledger(limit);
    this.#warn = warn;
    this.#now = now;
    this.#since = this.#lastTick = now();
  }

  /** Reads what an earlier run left, and begins to watch. Never rejects: what is wrong with the file is a warning. */
  static async open(options: RadarOptions): Promise<Radar> {
    const radar = new Radar(options);
    if (options.path !== undefined) {
      await radar.#load(options.path);
      radar.#timer = setInterval(() => void radar.save(), options.interval ?? DEFAULT_INTERVAL).unref();
    }
    return radar;
  }

  /** Takes microseconds and never throws. Attempts without NTLM facts are none of its business. */
  record(visit: SeenVisit, attempt: SeenAttempt): void {
    if (attempt.ntlm === undefined) return;
    try {
      const sighting = toSighting(visit, attempt);
      if (sighting === undefined) return;
      this.#ledger.record(sighting, this.#now());
      this.#isDirty = true;
    } catch (error) {
      if (!this.#isFaulty) this.#warn("the radar missed a logon", { why: String(error) });
      this.#isFaulty = true;
    }
  }

  snapshot(): Snapshot {
    const savedAt = this.#now();
    this.#watched += Math.max(0, savedAt - this.#lastTick);
    this.#lastTick = savedAt;
    const { dropped } = this.#ledger;
    const [seen, failed] = [this.#ledger.seen(), this.#ledger.failed()];
    return { since: this.#since, watched: this.#watched, savedAt, dropped, seen, failed };
  }

  /** Writes the file if anything has happened since it was last written. Never rejects. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      if (this.#isDirty) await this.#write();
    });
    return this.#saving;
  }

  /** Writes the file a last time. Never rejects. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isDirty = true;
    await this.save();
  }

  async #write(): Promise<void> {
    if (this.#path === undefined) return;
    this.#isDirty = false;
    try {
      await writeState(this.#path, this.snapshot());
      this.#cannotSave = false;
    } catch (error) {
      this.#isDirty = true;
      if (!this.#cannotSave) this.#warn("the radar's state cannot be written", this.#about(error as Error));
      this.#cannotSave = true;
    }
  }

  async #load(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE }).catch(() => undefined);
    const reading = await readState(path).catch((error: Error) => ({ snapshot: undefined, damage: error.message }));
    if (reading === undefined) return;
    const { snapshot, damage } = reading;
    if (damage !== undefined) await this.#putAside(path, damage);
    if (snapshot === undefined) return;
    this.#since = Math.min(snapshot.since, this.#now());
    this.#watched = snapshot.watched;
    this.#ledger.restore(snapshot.seen, snapshot.failed, snapshot.dropped);
    this.#isDirty = damage !== undefined;
  }

  async #putAside(path: string, damage: string): Promise<void> {
    try {
      const aside = await putAside(path, this.#now());
      this.#warn("the radar's state was damaged and is put aside", { path, why: damage, aside });
    } catch (error) {
      this.#warn("the radar's state is damaged: it is left alone, and this run kept in memory only", {
        ...this.#about(error as Error),
        damage,
      });
      this.#path = undefined;
    }
  }

  #about(error: Error): Record<string, string> {
    return { path: this.#path ?? "", why: error.message };
  }
}
