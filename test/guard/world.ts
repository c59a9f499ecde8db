/** A guard, a clock that the test turns, and a validator with a few accounts behind the guard. */
import { createHash } from "node:crypto";
import { Secret } from "../../src/core/secret.ts";
import type { Answer } from "../../src/core/answer.ts";
import type { Validator } from "../../src/core/validator.ts";
import type { Verdict } from "../../src/core/verdict.ts";
import type { Visit } from "../../src/core/visit.ts";
import { Guard } from "../../src/guard/guard.ts";
import { guarded, type GuardedOptions } from "../../src/guard/guarded.ts";
import { DEFAULT_RULES, type GuardLimits, type GuardRules } from "../../src/guard/rules.ts";
import { VISIT } from "../support/visit.ts";
import { TurnedClock } from "../validators/isolation/turned-clock.ts";

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

const longest = 0;
/** Nobody waits, so that there is no clock to turn; the locks are as ever. */
export const WITHOUT_DELAYS: GuardRules = {
  ...DEFAULT_RULES,
  address: { ...DEFAULT_RULES.address, longest },
  network: { ...DEFAULT_RULES.network, longest },
  account: { ...DEFAULT_RULES.account, longest },
};

export interface WorldOptions extends GuardedOptions {
  readonly rules?: Partial<GuardRules>;
  readonly limits?: GuardLimits;
  readonly validator?: Validator;
}

/** "accepted", "denied bad-credentials", "unknown", "unavailable". */
export function summary(verdict: Verdict): string {
  return verdict.kind === "denied" ? `denied ${verdict.reason}` : verdict.kind;
}

export class World {
  readonly clock = new TurnedClock();
  readonly lines: string[] = [];
  readonly guard: Guard;
  readonly validator: Validator;
  /** What the validator itself was asked. */
  readonly asked: string[] = [];
  /** Whoever is asked about next is answered so. */
  answer: Verdict | undefined;

  constructor({ rules, limits, validator, ...options }: WorldOptions = {}) {
    this.guard = new Guard({
      rules: { ...DEFAULT_RULES, ...rules },
      log: (message, fields) => this.lines.push(`${message} ${JSON.stringify(fields)}`),
      clock: this.clock,
      ...(limits && { limits }),
    });
    this.validator = guarded(validator ?? this.#accounts(), this.guard, options);
  }

  /** Each account's password is "right"; dora is disabled, and nobody* do not exist. */
  #accounts(): Validator {
    const judge = (name: string, isRight: boolean): Verdict => {
      this.asked.push(name);
      if (this.answer) return this.answer;
      const user = name.toLowerCase().replace(/^.*\\/, "").replace(/@.*$/, "");
      if (user.startsWith("nobody")) return { kind: "unknown", why: "nobody of this name" };
      if (!isRight) return { kind: "denied", reason: "bad-credentials", why: "wrong password", user };
      if (user === "dora") return { kind: "denied", reason: "disabled", why: "the account is disabled", user };
      return { kind: "accepted", identity: { user, mailbox: user, groups: [], attributes: {} } };
    };
    return {
      name: "users",
      password: ({ username, password }) => Promise.resolve(judge(username, password.reveal() === "right")),
      ntlm: {
        names: () => ({ netbiosDomain: "EXAMPLE", netbiosComputer: "MAIL", domainJoined: true }),
        verify: ({ names, ntResponse }) =>
          Promise.resolve(judge(names[0]!.user, Buffer.from(ntResponse).toString() === "right")),
      },
      bearer: { verify: ({ username, token }) => Promise.resolve(judge(username, token.reveal() === "right")) },
    };
  }

  /** Tries a password; the clock runs as long as the guard makes it wait. */
  async log(username: string, password: string, address = "192.0.2.7"): Promise<string> {
    const verdict = this.validator.password!({ username, password: new Secret(password) }, at(address));
    return summary(await this.#settled(verdict));
  }

  async byNtlm(user: string, response: string, address = "192.0.2.7"): Promise<string> {
    const evidence = {
      names: [{ user, domain: "EXAMPLE" }],
      workstation: "PC",
      serverChallenge: new Uint8Array(8),
      ntResponse: Buffer.from(response),
      lmResponse: new Uint8Array(0),
      extendedSessionSecurity: true,
      minimum: "v2" as const,
    };
    return summary(await this.#settled(this.validator.ntlm!.verify(evidence, at(address))));
  }

  async byToken(username: string, token: string, address = "192.0.2.7"): Promise<string> {
    const verdict = this.validator.bearer!.verify({ username, token: new Secret(token) }, at(address));
    return summary(await this.#settled(verdict));
  }

  /** Wrong passwords, never the same twice. */
  async fail(times: number, username = "alice", address = "192.0.2.7"): Promise<string[]> {
    const answers: string[] = [];
    for (let count = 0; count < times; count++) answers.push(await this.log(username, newPassword(), address));
    return answers;
  }

  /** Waits until it is answered, however long the guard takes by its clock. */
  async #settled(answer: Answer<Verdict>): Promise<Verdict> {
    const verdict = Promise.resolve(answer);
    let isHere = false;
    const settled = (): void => void (isHere = true);
    verdict.then(settled, settled);
    await Promise.resolve();
    for (let step = 0; step < 40; step++) {
      await new Promise(setImmediate);
      if (isHere) break;
      await this.clock.turn(SECOND);
    }
    return verdict;
  }
}

/** One guess of a name that nobody has. */
export async function guess(guard: Guard, name: string, address: string): Promise<void> {
  const permission = await guard.before({
    ...{ address, realm: "users", names: [name], isGuess: true, secret: undefined },
    budget: DEFAULT_RULES.budget,
  });
  if (permission.kind === "permitted") guard.after(permission, { kind: "unknown", why: "" });
}

let made = 0;

/** Wrong, and never the same twice. */
export function newPassword(): string {
  return createHash("md5").update(`${made++}`).digest("hex");
}

export function at(address: string): Visit {
  return { ...VISIT, client: { address, port: 1 } };
}
