/** Validator `chain`: several validators asked in their order, until one knows whose logon it is. */
import { randomBytes } from "node:crypto";
import type { Answer } from "../../core/answer.ts";
import { challengerAmong, namesTeller } from "../../core/challenge-names.ts";
import type { BearerJudge, Able, Need, NtlmJudge, Validator } from "../../core/validator.ts";
import { can } from "../../core/validator.ts";
import type { Unavailable, Verdict } from "../../core/verdict.ts";
import { chainKeys } from "./keys.ts";
import { Pace } from "./pace.ts";
import { walk, type Link } from "./walk.ts";

export type Log = (level: "warn", message: string, fields: Readonly<Record<string, unknown>>) => void;

export interface ChainMember {
  readonly validator: Validator;
  /** After "wrong password": whether the next one is asked. Other denials always end the chain. */
  readonly onDenied: "stop" | "continue";
  /** After "cannot say": whether the next one is asked. It may accept, but then nobody's "no" counts any more. */
  readonly onUnavailable: "stop" | "continue";
}

export interface ChainOptions {
  readonly name: string;
  readonly log: Log;
  /** In the order in which they are asked; at least one. They stay open when the chain is closed. */
  readonly members: readonly ChainMember[];
  /** Whose names the NTLM CHALLENGE carries; default: those of the member that `challengerAmong` chooses. */
  readonly namesFrom?: string | undefined;
  /** 32 bytes that choose which member's keys a decoy looks like; default: new ones for each process. */
  readonly secret?: Uint8Array | undefined;
}

/** What a chain can judge is what at least one member can. Throws Error with a sentence for the administrator. */
export function chainValidator(options: ChainOptions): Validator {
  const { name, members, secret = randomBytes(32) } = options;
  if (members.length === 0) throw new Error(`the chain ${name} has no members`);
  let isClosed = false;
  const unlessClosed =
    <A extends unknown[], T>(ask: (...args: A) => Answer<T>) =>
    (...args: A): Answer<T | Unavailable> =>
      isClosed ? CLOSED : ask(...args);
  const judges = <N extends Need>(need: N) => new Judges(able(members, need));
  const [passwords, certificates, keyed] = [judges("password"), judges("certificate"), judges("keys")];
  const ntlm = ntlmOf(judges("ntlm"), options);
  const bearer = bearerOf(judges("bearer"));
  const keys = keyed.members.length > 0 && chainKeys(keyed.members, secret);
  return {
    name,
    ...(passwords.members.length > 0 && {
      password: unlessClosed((evidence, visit) => passwords.ask((each) => each.password(evidence, visit))),
    }),
    ...(ntlm && { ntlm: { ...ntlm, verify: unlessClosed(ntlm.verify) } }),
    ...(keys && {
      keys: {
        get kinds() {
          return keys.kinds;
        },
        find: unlessClosed((username, visit) => keys.find(username, visit)),
        likeness: (mechanism, username) => keys.likeness?.(mechanism, username),
        concluded: (username, verdict, visit) => keys.concluded?.(username, verdict, visit),
      },
    }),
    ...(bearer && { bearer: { ...bearer, verify: unlessClosed(bearer.verify) } }),
    ...(certificates.members.length > 0 && {
      certificate: unlessClosed((evidence, visit) => certificates.ask((each) => each.certificate(evidence, visit))),
    }),
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

const CLOSED: Unavailable = { kind: "unavailable", why: "the validator is closed" };

function able<N extends Need>(members: readonly ChainMember[], need: N): readonly Link<Able<N>>[] {
  return members.flatMap(({ validator, ...manner }) => (can(validator, need) ? [{ validator, ...manner }] : []));
}

/** The members that can judge one kind of evidence, and how long they lately took. */
class Judges<V extends Validator> {
  readonly members: readonly Link<V>[];
  readonly #pace: Pace;

  constructor(members: readonly Link<V>[]) {
    this.members = members;
    this.#pace = new Pace(members.length);
  }

  ask(question: (validator: V) => Answer<Verdict>): Promise<Verdict> {
    return walk(this.members, question, this.#pace);
  }
}

function ntlmOf(judges: Judges<Able<"ntlm">>, { name, namesFrom, log }: ChainOptions): NtlmJudge | undefined {
  const validators = judges.members.map(({ validator }) => validator);
  const chosen =
    namesFrom === undefined ? challengerAmong(validators) : validators.find((each) => each.name === namesFrom);
  if (namesFrom !== undefined && !chosen)
    throw new Error(`the chain ${name} has no member ${namesFrom} that judges NTLM`);
  if (!chosen) return undefined;
  return {
    names: namesTeller(chosen, validators, (why) => log("warn", why, { validator: name })),
    isBoundToNames: validators.some(({ ntlm }) => ntlm.isBoundToNames),
    verify: (evidence, visit) => judges.ask(({ ntlm }) => ntlm.verify(evidence, visit)),
  };
}

/** Clients are told one scope and one provider: the first member's. */
function bearerOf(judges: Judges<Able<"bearer">>): BearerJudge | undefined {
  const first = judges.members[0]?.validator.bearer;
  return (
    first && {
      scope: first.scope,
      openidConfiguration: first.openidConfiguration,
      verify: (evidence, visit) => judges.ask(({ bearer }) => bearer.verify(evidence, visit)),
    }
  );
}
