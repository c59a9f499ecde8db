/** A service that says what it keeps of an account: the proof is looked at here, by the room accounts. */
import { z } from "zod";
import { accountFrom, type Account } from "../../accounts/account.ts";
import { judgeByMechanism, type AccountMechanism } from "../../accounts/by-mechanism.ts";
import type { AccountSource, Found } from "../../accounts/source.ts";
import { STATE_KEYS } from "../../accounts/state-words.ts";
import { makeToken } from "../../core/access-token.ts";
import type { Validator } from "../../core/validator.ts";
import { attributeValues, groupNames, line, misunderstood, plausibleName, sidsSchema } from "./answer.ts";
import type { HttpOptions } from "./options.ts";
import { lookupQuestion } from "./question.ts";
import { unavailable, type Service } from "./service.ts";

/** `mechanisms`: what every account can use. */
export function lookupJudge(
  service: Service,
  { name, names, worker, secret }: HttpOptions,
  mechanisms: readonly AccountMechanism[],
): Validator {
  const remedy = "the service has to give it";
  return judgeByMechanism(sourceOf(service), mechanisms, { name, names, worker, secret, remedy });
}

function sourceOf(service: Service): AccountSource {
  return {
    async find(sought, visit) {
      const answer = await service.ask(lookupQuestion(sought, visit));
      return answer.kind === "unavailable" ? answer : readAccounts(answer.body, service.host);
    },
    close: () => service.close(),
  };
}

/** A user name can stand in several domains; more are no answer to a question about one name. */
const ACCOUNT_LIMIT = 8;

const flagOrText = z
  .union([line, z.boolean()])
  .transform((value) => (typeof value === "string" ? value : yesOrNo(value)));

const accountSchema = z.strictObject({
  name: plausibleName,
  password: line.optional(),
  nt: line.optional(),
  "scram-sha-256": line.optional(),
  "scram-sha-1": line.optional(),
  domain: plausibleName.optional(),
  mailbox: plausibleName.optional(),
  groups: groupNames.default([]),
  sids: sidsSchema.optional(),
  cert: line.optional(),
  attributes: attributeValues.default({}),
  state: z.partialRecord(z.enum(STATE_KEYS), flagOrText).default({}),
  appPasswords: z.record(line, line).default({}),
});

const answerSchema = z.discriminatedUnion("result", [
  z.strictObject({ result: z.literal("found"), accounts: z.array(accountSchema).min(1).max(ACCOUNT_LIMIT) }),
  z.strictObject({ result: z.literal("unknown") }),
  z.strictObject({ result: z.literal("unavailable"), why: line.optional() }),
]);

export function readAccounts(body: unknown, host: string): Found {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return misunderstood(parsed.error, host);
  const { data } = parsed;
  if (data.result === "unknown") return [];
  if (data.result === "unavailable") return unavailable(data.why ?? `${host} cannot say`);
  const accounts: Account[] = [];
  for (const given of data.accounts) {
    const account = accountOf(given);
    if (typeof account === "string") return unavailable(`${host} gives an account that cannot be used: ${account}`);
    accounts.push(account);
  }
  return accounts;
}

function accountOf(given: z.output<typeof accountSchema>): Account | string {
  const { name, password, groups, sids, attributes, state, appPasswords, ...own } = given;
  const apps = Object.entries(appPasswords).map(([app, text]) => [`app-${app}`, text] as const);
  const words: readonly Word[] = [...apps, ...Object.entries({ ...state, ...own })];
  const account = accountFrom({ name, password, groups, words: new Map(words.filter(isGiven)) });
  if (typeof account === "string") return account;
  // Not as words: no attribute can be taken for one of ours.
  const identity = { ...account.identity, attributes, ...(sids && { token: makeToken(sids) }) };
  return { ...account, identity };
}

type Word = readonly [string, string | undefined];

function isGiven(word: Word): word is readonly [string, string] {
  return word[1] !== undefined && word[1] !== "";
}

function yesOrNo(flag: boolean): string {
  return flag ? "yes" : "no";
}
