/** What of a refusal a client may hear: with `reveal: state` the account's state, once the proof was right; else nothing. */
import type { DenyReason } from "../core/verdict.ts";

export type Reveal = "none" | "state";

/** Reasons that help the account's owner. The others would help only an attacker. */
export type ToldReason = Exclude<DenyReason, "bad-credentials" | "policy" | "ntlm-blocked" | "guarded">;

const TOLD: Readonly<Record<DenyReason, boolean>> = {
  "bad-credentials": false,
  policy: false,
  "ntlm-blocked": false,
  guarded: false,
  disabled: true,
  expired: true,
  "locked-out": true,
  "logon-hours": true,
  "password-expired": true,
  "must-change-password": true,
  "smartcard-required": true,
  "trust-account": true,
  restricted: true,
  workstation: true,
  "not-authorized": true,
};

export function toldReason(reason: DenyReason, reveal: Reveal): ToldReason | undefined {
  return reveal === "state" && isTold(reason) ? reason : undefined;
}

function isTold(reason: DenyReason): reason is ToldReason {
  return TOLD[reason];
}

/** In words, the same for every protocol. */
export const TOLD_IN_WORDS: Readonly<Record<ToldReason, string>> = {
  disabled: "The account is disabled.",
  expired: "The account has expired.",
  "locked-out": "The account is locked, try again later.",
  "logon-hours": "The account may not log on at this hour.",
  "password-expired": "The password has expired.",
  "must-change-password": "The password must be changed first.",
  "smartcard-required": "The account needs a smart card.",
  "trust-account": "The account is not for logging on.",
  restricted: "The account may not log on in this way.",
  workstation: "The account may not log on from this computer.",
  "not-authorized": "The account may not use this service.",
};
