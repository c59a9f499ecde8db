/** The service's verdict, read strictly: what docs/validators/http.md does not describe is no verdict at all. */
import { z } from "zod";
import { isSid, makeToken } from "../../core/access-token.ts";
import { isPlausibleName, type Identity } from "../../core/identity.ts";
import { denialBy } from "../../core/nt-status.ts";
import type { Denied, DenyReason, Unavailable, Verdict } from "../../core/verdict.ts";
import { isScheme } from "../../ntlm/scheme.ts";

/** Rules and routes name a few; a user of a large domain can have a thousand. */
const GROUP_LIMIT = 2000;
const ATTRIBUTE_LIMIT = 200;
/** Characters of an attribute's value, of a reason in words. */
const TEXT_LIMIT = 1024;

export const plausibleName = z.string().refine(isPlausibleName, "no name");
export const line = z
  .string()
  .max(TEXT_LIMIT)
  .regex(/^\P{Cc}*$/u, "not one line of text");
export const groupNames = z.array(plausibleName).max(GROUP_LIMIT);
export const attributeValues = z
  .record(line, line)
  .refine((values) => Object.keys(values).length <= ATTRIBUTE_LIMIT, `more than ${ATTRIBUTE_LIMIT}`);
const sid = z.string().refine(isSid, "no SID");
export const sidsSchema = z.strictObject({
  user: sid.optional(),
  primaryGroup: sid.optional(),
  groups: z.array(sid).max(GROUP_LIMIT).default([]),
});

/** All of DenyReason but the listener's own policy, which only Postern knows. */
const REASONS = [
  "bad-credentials",
  "disabled",
  "expired",
  "locked-out",
  "logon-hours",
  "password-expired",
  "must-change-password",
  "smartcard-required",
  "trust-account",
  "restricted",
  "workstation",
  "ntlm-blocked",
  "not-authorized",
  "guarded",
] as const satisfies readonly DenyReason[];

const answerSchema = z.discriminatedUnion("result", [
  z.strictObject({
    result: z.literal("accepted"),
    user: plausibleName,
    domain: plausibleName.optional(),
    mailbox: plausibleName.optional(),
    groups: groupNames.default([]),
    attributes: attributeValues.default({}),
    sids: sidsSchema.optional(),
    /** NTLM only. */
    sessionBaseKey: z
      .string()
      .regex(/^[0-9a-fA-F]{32}$/)
      .optional(),
    scheme: z.string().refine(isScheme, "no scheme").optional(),
  }),
  z.strictObject({
    result: z.literal("denied"),
    reason: z.enum(REASONS).optional(),
    status: z.int().min(0).max(0xffffffff).optional(),
    why: line.optional(),
    user: plausibleName.optional(),
  }),
  z.strictObject({ result: z.literal("unknown"), why: line.optional() }),
  z.strictObject({ result: z.literal("unavailable"), why: line.optional() }),
]);

type Answer = z.output<typeof answerSchema>;

/** `host`: for messages, which never hold a value of the answer but its own `why`. */
export function readVerdict(body: unknown, host: string): Verdict {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return misunderstood(parsed.error, host);
  const { data } = parsed;
  switch (data.result) {
    case "accepted":
      return accepted(data);
    case "denied":
      return denied(data, host);
    case "unknown":
      return { kind: "unknown", why: data.why ?? `${host} knows no such user` };
    case "unavailable":
      return { kind: "unavailable", why: data.why ?? `${host} cannot say` };
  }
}

/** Which key is wrong and how, without what it holds. */
export function misunderstood({ issues }: z.core.$ZodError, host: string): Unavailable {
  const [issue] = issues;
  const key = issue?.path.map(String).join(".") ?? "";
  const words = issue?.code === "unrecognized_keys" ? "unknown key" : (issue?.code ?? "");
  return {
    kind: "unavailable",
    why: `${host} gives an answer that cannot be read: ${key === "" ? "answer" : key}: ${words}`,
  };
}

function accepted(answer: Answer & { result: "accepted" }): Verdict {
  const { user, domain, mailbox = user, groups, attributes, sids, sessionBaseKey, scheme } = answer;
  const token = sids && makeToken(sids);
  const identity: Identity = {
    user,
    ...(domain !== undefined && { domain }),
    mailbox,
    groups,
    attributes,
    ...(token && { token }),
  };
  return {
    kind: "accepted",
    identity,
    ...(sessionBaseKey !== undefined && { sessionBaseKey: Buffer.from(sessionBaseKey, "hex") }),
    ...(scheme !== undefined && { scheme }),
  };
}

/** A status that speaks about the domain or the way to it is an outage, whatever the result is called. */
function denied({ reason, status, why, user }: Answer & { result: "denied" }, host: string): Denied | Unavailable {
  const implied = status === undefined ? "bad-credentials" : denialBy(status);
  if (implied === undefined)
    return { kind: "unavailable", why: `${host} denies with a status that is no word about the user` };
  return {
    kind: "denied",
    reason: reason ?? implied,
    why: why ?? `${host} says no`,
    ...(user !== undefined && { user }),
    ...(status !== undefined && { status }),
  };
}
