/** A validator over any source of accounts: passwords, NTLM responses, keys and certificates, and the accounts' state. */
import { randomBytes } from "node:crypto";
import { whenKnown } from "../core/answer.ts";
import type { TargetNames, Validator } from "../core/validator.ts";
import type { Account } from "./account.ts";
import type { KeyKind } from "./can-use.ts";
import { judgeCertificate } from "./certificate.ts";
import { CLOSED } from "./conclude.ts";
import { decoysFor, typicalAccount } from "./decoys.ts";
import { explainer } from "./explain.ts";
import { HashPool, type PoolOptions } from "./hash-pool.ts";
import { keyJudge } from "./keys.ts";
import { lookup, ntlmLookup, oursAmong } from "./names.ts";
import { judgeNtlm } from "./ntlm.ts";
import { judgePassword } from "./password.ts";
import { isUnavailable, type AccountSource, type Found } from "./source.ts";

export interface JudgeOptions {
  readonly name: string;
  /** What the CHALLENGE_MESSAGE carries; accounts without a domain are in this one. */
  readonly names: TargetNames;
  /** Threads for slow password hashes. */
  readonly worker?: PoolOptions | undefined;
  /** Whether accounts have NT hashes, so that NTLM can be judged; default: yes. */
  readonly ntlm?: boolean | undefined;
  /** Whether client certificates are judged; default: where the source has a list. */
  readonly certificates?: boolean | undefined;
  /** What may be asked of the accounts' keys; default: what every account of the list has that can log on. */
  readonly kinds?: readonly KeyKind[] | undefined;
  /** 32 bytes from which decoys and the salts of passwords in clear follow; default: new ones for each process. */
  readonly secret?: Uint8Array | undefined;
  /** What the log advises where an account lacks a hash or keys: "set its password again". */
  readonly remedy?: string | undefined;
  /** For tests. */
  readonly now?: (() => Date) | undefined;
}

const WORKER: PoolOptions = { concurrency: 1, queue: 256 };

export function judgeAccounts(source: AccountSource, options: JudgeOptions): Validator {
  const { names, worker = WORKER, secret = randomBytes(32), now = () => new Date() } = options;
  const { ntlm = true, certificates = source.accounts !== undefined } = options;
  const kinds = options.kinds ?? (source.accounts ? undefined : []);
  const remedy = options.remedy === undefined ? "" : `: ${options.remedy}`;
  const pool = new HashPool(worker);
  const decoys = decoysFor(source, typicalAccount(ntlm));
  const known = learning(source, decoys.learn);
  const isOurs = oursAmong(names);
  let isClosed = false;
  const parts = { decoys, pool, isOurs, secret, kinds, remedy, now, isClosed: () => isClosed };
  const judge = { ...parts, named: lookup(known, isOurs), meant: ntlmLookup(known, isOurs), explain: explainer(names) };
  const accounts = source.accounts?.bind(source);
  return {
    name: options.name,
    password: (evidence, visit) => (isClosed ? CLOSED : judgePassword(evidence, visit, judge)),
    ...(ntlm && {
      ntlm: {
        names: () => names,
        verify: (evidence, visit) => (isClosed ? CLOSED : judgeNtlm(evidence, visit, judge)),
      },
    }),
    keys: keyJudge(judge),
    ...(certificates && {
      certificate: async (evidence, visit) =>
        isClosed ? CLOSED : judgeCertificate(evidence, visit, { ...judge, accounts }),
    }),
    async close() {
      isClosed = true;
      await source.close?.();
      await pool.close();
    },
  };
}

/** What is found is what decoys look like, where no list says so. */
function learning(source: AccountSource, learn: (account: Account) => void): AccountSource {
  if (source.accounts !== undefined) return source;
  const noted = (found: Found): Found => {
    if (!isUnavailable(found)) found.forEach(learn);
    return found;
  };
  return { find: (sought, visit) => whenKnown(source.find(sought, visit), noted) };
}
