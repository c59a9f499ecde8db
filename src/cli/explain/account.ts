/** What can be known of an account without its secret: all that a file says, and of other sources nothing. */
import { conclude } from "../../accounts/conclude.ts";
import { lookup, ntlmLookup, oursAmong } from "../../accounts/names.ts";
import type { Account } from "../../accounts/account.ts";
import type { AccountSource } from "../../accounts/source.ts";
import type { Meaning } from "../../access/resolve.ts";
import { wellKnownName } from "../../access/well-known-sids.ts";
import { makeToken } from "../../core/access-token.ts";
import { canonicalSids } from "../../core/membership.ts";
import type { FileValidatorConfig } from "../../config/validators/file.ts";
import type { Identity } from "../../core/identity.ts";
import { readStore } from "../../validators/file/watch.ts";
import { isNtlm, refusal, visitOf, type ExplainedConfig, type Finding, type Question } from "./question.ts";

export interface AccountFound {
  readonly findings: readonly Finding[];
  readonly identity: Identity;
  /** False: all but the name is supposed. */
  readonly isKnown: boolean;
}

/** The account that is meant, with what the question supposes. */
export async function findAccount(
  config: ExplainedConfig,
  question: Question,
  meaning: Meaning,
): Promise<AccountFound> {
  const validator = config.validators.find(({ name }) => name === meaning.validator);
  const { user, domain } = meaning;
  const supposed = suppose({ user, ...(domain && { domain }), mailbox: user, groups: [], attributes: {} }, question);
  if (validator?.type !== "file") {
    const words = `${meaning.validator} (${validator?.type}) tells nothing without the secret; supposed: ${inWords(supposed)}`;
    return { findings: [{ about: "account", words }], identity: supposed, isKnown: false };
  }
  const found = await inFile(validator, config, question, meaning);
  if (typeof found === "string") return { findings: [refusal("account", found)], identity: supposed, isKnown: false };
  const identity = suppose(found.identity, question);
  const findings: Finding[] = [{ about: "account", words: `in ${validator.path}: ${inWords(identity)}` }];
  const denial = denialOf(found, question);
  return { findings: denial ? [...findings, refusal("account", denial)] : findings, identity, isKnown: true };
}

async function inFile(
  { path }: FileValidatorConfig,
  { server }: ExplainedConfig,
  question: Question,
  { askAs }: Meaning,
): Promise<Account | string> {
  const source = sourceOf(path);
  if (typeof source === "string") return source;
  const isOurs = oursAmong(server.target);
  const { name, domain, mechanism } = question;
  const visit = visitOf(question);
  const found = isNtlm(mechanism)
    ? await ntlmLookup(source, isOurs)({ user: name, domain }, visit)
    : await lookup(source, isOurs)(askAs, visit);
  if (found === undefined) return `no account of this name and domain in ${path}; add it with \`postern user add\``;
  return "kind" in found ? found.why : found;
}

function sourceOf(path: string): AccountSource | string {
  try {
    const { byUser } = readStore(path).store;
    return { find: ({ user }) => byUser.get(user.toLowerCase()) ?? [] };
  } catch (error) {
    return `${path} cannot be used: ${(error as Error).message}`;
  }
}

/** By the account's state; the workstation is the client's word, and here nobody has said one. */
function denialOf(account: Account, question: Question): string | undefined {
  const { mechanism, now } = question;
  const byNtlm = isNtlm(mechanism);
  if (byNtlm && account.nt === undefined)
    return "the account has no NT hash, which NTLM needs; set its password again with `postern user passwd`";
  const proof = { visit: visitOf(question), now, ...(byNtlm && { byNtlm }) };
  const verdict = conclude(account, mechanism === "EXTERNAL" ? { ...proof, by: "certificate" } : proof);
  return verdict.kind === "denied" ? verdict.why : undefined;
}

function suppose(identity: Identity, { groups, sids }: Question): Identity {
  const known = canonicalSids(identity.token?.sids ?? []);
  const token = sids.length === 0 ? identity.token : makeToken({ groups: known, extra: canonicalSids(sids) });
  return { ...identity, groups: [...identity.groups, ...groups], ...(token && { token }) };
}

function inWords({ user, domain, mailbox, groups, token }: Identity): string {
  const said = [
    `user ${user}`,
    domain === undefined ? "no domain" : `domain ${domain}`,
    `mailbox ${mailbox}`,
    groups.length === 0 ? "no groups" : `groups ${groups.join(", ")}`,
    token && `SIDs ${token.sids.map(sidInWords).join(", ")}`,
  ];
  return said.filter((each) => each !== undefined).join(", ");
}

function sidInWords(sid: string): string {
  const name = wellKnownName(sid);
  return name === undefined ? sid : `${sid} (${name})`;
}
