/** Whose logon it was that winbindd said Yes to: the account's name and domain, checked before anybody is let in. */
import { isSameName } from "../../core/identity.ts";
import { NtStatus } from "../../core/nt-status.ts";
import type { TargetNames } from "../../core/validator.ts";
import type { Accepted, Denied, Unavailable } from "../../core/verdict.ts";
import type { Answer } from "./reply.ts";
import type { User, Users } from "./users.ts";

/** The ways from a validator to Samba. */
export interface Doors {
  readonly isClosed: boolean;
  /** Rejects with HelperFailure. */
  ask(question: string): Promise<Answer>;
  /** Ends all helpers: none of their answers can be believed any more. */
  distrust(why: string): Unavailable;
  /** The machine account's; undefined as long as they are not known. */
  names(): TargetNames | undefined;
  readonly users: Users;
  readonly asksGroups: boolean;
  /** Trusted domains whose users are let in. */
  readonly domains: readonly string[];
  close(): Promise<void>;
}

type Decision = Accepted | Denied | Unavailable;

/** Rejects with LookupFailure. */
export async function whoIs(user: string, domain: string, doors: Doors): Promise<Decision> {
  const own = doors.names();
  if (own === undefined) return { kind: "unavailable", why: "the machine's names are not known yet" };
  const account = await accountOf(user, domain, own, doors);
  if (account === undefined) return { kind: "unavailable", why: "winbindd does not know whose logon it has accepted" };
  if (account.name.endsWith("$")) return COMPUTER(account.name);
  return admit(account, own, doors.domains);
}

/** As sent where that is the account's name; a principal name (`alice.doe@example.com`) says nothing about it. */
async function accountOf(user: string, domain: string, own: TargetNames, doors: Doors): Promise<User | undefined> {
  const home = domain === "" || isOwnDomain(domain, own) ? own.netbiosDomain : domain.toUpperCase();
  const isPrincipal = user.includes("@");
  if (doors.asksGroups || isPrincipal)
    return doors.users.find(user, isPrincipal ? own.netbiosDomain : home, own.netbiosDomain);
  return { name: user.toLowerCase(), domain: home, groups: [], token: undefined };
}

/** A trusted domain's alice is not ours: she gets her mailbox with her domain in its name, where she is let in at all. */
function admit({ name, domain, groups, token }: User, own: TargetNames, domains: readonly string[]): Decision {
  const isOwn = isOwnDomain(domain, own);
  if (!isOwn && !domains.some((each) => isSameName(each, domain)))
    return { kind: "denied", reason: "not-authorized", why: `users of domain ${domain} are not let in`, user: name };
  const user = name.toLowerCase();
  const mailbox = isOwn ? user : `${user}@${domain.toLowerCase()}`;
  return { kind: "accepted", identity: { user, domain, mailbox, groups, token, attributes: {} } };
}

/** winbindd asks the controller in a way that lets computers in. */
const COMPUTER = (user: string): Denied => ({
  kind: "denied",
  reason: "trust-account",
  why: "it is the account of a computer",
  user,
  status: NtStatus.NOLOGON_WORKSTATION_TRUST_ACCOUNT,
});

/** Whether `domain` is a name of the domain that this host belongs to. */
function isOwnDomain(domain: string, { netbiosDomain, dnsDomain = netbiosDomain }: TargetNames): boolean {
  return isSameName(domain, netbiosDomain) || isSameName(domain, dnsDomain);
}
