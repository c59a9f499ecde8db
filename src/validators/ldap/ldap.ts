/** Validator `ldap`: a directory judges passwords by a bind (RFC 4513 section 5.1.3), or gives away hashes that Postern judges by. */
import { judgeAccounts } from "../../accounts/judge.ts";
import type { Validator } from "../../core/validator.ts";
import type { Verdict } from "../../core/verdict.ts";
import { openDirectory } from "./directory.ts";
import { DirectoryFailure } from "./failure.ts";
import { groupsAsker } from "./groups.ts";
import type { LdapOptions } from "./options.ts";
import { bindJudge } from "./proof.ts";
import { directorySource } from "./source.ts";

export type {
  LdapAttributes,
  LdapGroups,
  LdapMode,
  LdapOptions,
  LdapSchema,
  LdapSecurity,
  LdapServer,
  LdapUsers,
} from "./options.ts";

/** Connects when the first logon comes. Throws Error with a sentence for the administrator. */
export function ldapValidator(options: LdapOptions): Validator {
  const directory = openDirectory(options);
  const groups = groupsAsker(options.groups, directory);
  if (options.mode === "compare") {
    if (options.users === undefined) throw new Error("ldap in mode compare wants to know where users are");
    const { name, names, worker, secret, offers } = options;
    return judgeAccounts(directorySource(options, directory, groups), {
      ...{ name, names, worker, secret, ntlm: offers?.ntlm ?? true, kinds: offers?.scram ?? [] },
      remedy: "the directory must store it, and let the service account read it",
    });
  }
  const judge = bindJudge(options, directory, groups);
  let isClosed = false;
  const guarded = async (ask: () => Promise<Verdict>): Promise<Verdict> => {
    if (isClosed) return { kind: "unavailable", why: "the validator is closed" };
    try {
      return await ask();
    } catch (error) {
      if (error instanceof DirectoryFailure) return { kind: "unavailable", why: error.message };
      throw error;
    }
  };
  return {
    name: options.name,
    password: (evidence, visit) => guarded(() => judge(evidence, visit)),
    close() {
      isClosed = true;
      directory.close();
      return Promise.resolve();
    },
  };
}
