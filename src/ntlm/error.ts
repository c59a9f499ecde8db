/** The one error of this room: bytes that are not an acceptable NTLM message (MS-NLMP 2.2). */

export type NtlmErrorCode =
  /** Not a well-formed NTLM message. */
  | "malformed"
  /** A well-formed message of another type than the exchange is waiting for. */
  | "wrong-type"
  /** Understood, and not done here: no common character set, the Windows 9x layout. */
  | "unsupported"
  /** A message or a name above the limits of fields.ts. */
  | "too-large"
  /** Well-formed, and forbidden to this side by its own policy. */
  | "policy";

/** Says what is wrong with a message in words fit for a log: field names, lengths and offsets, never field contents. */
export class NtlmError extends Error {
  override readonly name = "NtlmError";
  readonly code: NtlmErrorCode;

  constructor(code: NtlmErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function malformed(message: string): NtlmError {
  return new NtlmError("malformed", message);
}
