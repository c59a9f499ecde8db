/**
 * What ntlm_auth's English sentences mean: Samba turns the NTSTATUS of a refusal into text (MS-ERREF 2.3.1 has the same
 * words), and this turns it back.
 */
import { denialBy, NtStatus, ntStatusName, type NtStatusName } from "../../core/nt-status.ts";
import type { Denied, Unavailable, Unknown } from "../../core/verdict.ts";

/** How a sentence begins; enough of it to be no other's. Samba 4.17 and 4.22 have the same ones. */
const BEGINNINGS: readonly (readonly [string, NtStatusName])[] = [
  ["The specified account does not exist.", "NO_SUCH_USER"],
  ["When trying to update a password, this return status indicates that the value provided as", "WRONG_PASSWORD"],
  ["When trying to update a password, this return status indicates that the value provided for", "ILL_FORMED_PASSWORD"],
  ["The name provided is not a properly formed account name.", "INVALID_ACCOUNT_NAME"],
  ["The attempted logon is invalid.", "LOGON_FAILURE"],
  ["Indicates a referenced user name and authentication information are valid", "ACCOUNT_RESTRICTION"],
  ["The user account has time restrictions", "INVALID_LOGON_HOURS"],
  ["The user account is restricted so that it cannot be used to log on from", "INVALID_WORKSTATION"],
  ["The user account password has expired.", "PASSWORD_EXPIRED"],
  ["The referenced account is currently disabled", "ACCOUNT_DISABLED"],
  ["A requested type of logon", "LOGON_NOT_GRANTED"],
  ["A user has requested a type of logon", "LOGON_TYPE_NOT_GRANTED"],
  ["The user account has expired.", "ACCOUNT_EXPIRED"],
  ["The account used is an interdomain trust account.", "NOLOGON_INTERDOMAIN_TRUST_ACCOUNT"],
  ["The account used is a computer account.", "NOLOGON_WORKSTATION_TRUST_ACCOUNT"],
  ["The account used is a server trust account.", "NOLOGON_SERVER_TRUST_ACCOUNT"],
  ["The user password must be changed before", "PASSWORD_MUST_CHANGE"],
  ["The user account has been automatically locked", "ACCOUNT_LOCKED_OUT"],
  ["Smart card logon is required", "SMARTCARD_LOGON_REQUIRED"],
  ["The system detected a possible attempt to compromise security.", "DOWNGRADE_DETECTED"],
  ["Logon Failure: The machine you are logging onto is protected", "AUTHENTICATION_FIREWALL_FAILED"],
  ["The authentication failed because NTLM was blocked.", "NTLM_BLOCKED"],
  ["No logon servers are currently available", "NO_LOGON_SERVERS"],
  ["Insufficient system resources", "INSUFFICIENT_RESOURCES"],
  ["The request is not supported.", "NOT_SUPPORTED"],
  ["The specified domain did not exist.", "NO_SUCH_DOMAIN"],
  ["Indicates a name that was specified as a remote computer name", "INVALID_COMPUTER_NAME"],
  ["The time at the primary domain controller is different", "TIME_DIFFERENCE_AT_DC"],
  ["The workstation does not have a trust secret", "NO_TRUST_LSA_SECRET"],
  ["The SAM database on the Windows Server does not have a computer account", "NO_TRUST_SAM_ACCOUNT"],
  ["The logon request failed because the trust relationship between the primary domain", "TRUSTED_DOMAIN_FAILURE"],
  ["The logon request failed because the trust relationship between this", "TRUSTED_RELATIONSHIP_FAILURE"],
  ["The network logon failed.", "TRUST_FAILURE"],
  ["An attempt was made to logon, but the NetLogon service was not started.", "NETLOGON_NOT_STARTED"],
  ["A domain controller for this domain was not found.", "DOMAIN_CONTROLLER_NOT_FOUND"],
  ["An invalid parameter was passed to a service or function.", "INVALID_PARAMETER"],
];

/**
 * Sentences about winbindd, the network and the machine are without number; these are in all that were seen. None of the
 * sentences about users has one of them.
 */
const ABOUT_US =
  /^\{|winbind|\bRPC\b|\bserver\b|controller|network|transport|connection|pipe|time-?out|timed out|resources|memory|I\/O|quota|trust|not implemented|operation/i;

/** Samba prints the name or the number of a status that it has no sentence for. */
const BY_NAME = /^(?:NT_)?STATUS_([A-Z0-9_]+)$/;
const BY_NUMBER = /^NT (?:code|error|status) \(?0x([0-9a-fA-F]{8})\)?$/;

/** Never accepted, whatever it says. */
export function verdictOf(sentence: string, user: string): Denied | Unknown | Unavailable {
  const status = statusOf(sentence);
  if (status === undefined && ABOUT_US.test(sentence)) return { kind: "unavailable", why: sentence };
  if (status === undefined) return { kind: "denied", reason: "bad-credentials", why: sentence, user };
  const name = ntStatusName(status);
  if (status === NtStatus.NO_SUCH_USER) return { kind: "unknown", why: `${name}: ${sentence}`, status };
  const reason = denialBy(status);
  if (reason === undefined) return { kind: "unavailable", why: `${name}: ${sentence}` };
  return { kind: "denied", reason, why: WORDS[status] ?? sentence, user, status };
}

function statusOf(sentence: string): number | undefined {
  const known = BEGINNINGS.find(([beginning]) => sentence.startsWith(beginning));
  if (known) return NtStatus[known[1]];
  const [, number] = BY_NUMBER.exec(sentence) ?? [];
  if (number !== undefined) return parseInt(number, 16);
  const [, name] = BY_NAME.exec(sentence) ?? [];
  if (name === undefined) return undefined;
  return Object.hasOwn(NtStatus, name) ? NtStatus[name as NtStatusName] : UNNAMED;
}

/** STATUS_UNSUCCESSFUL: a status whose name we do not know is no word about the user. */
const UNNAMED = 0xc0000001;

/** Where Samba's sentence would lead an administrator astray. */
const WORDS: Readonly<Record<number, string>> = {
  [NtStatus.WRONG_PASSWORD]: "wrong password",
  [NtStatus.LOGON_FAILURE]:
    "wrong name or password; if it happens to all users of NTLM, the names in the challenge are not the machine account's",
  [NtStatus.ACCOUNT_RESTRICTION]: "an account restriction: a member of Protected Users may not use NTLM",
  [NtStatus.INVALID_WORKSTATION]:
    "the account may not log on from this host, which is the workstation that Samba names",
};
