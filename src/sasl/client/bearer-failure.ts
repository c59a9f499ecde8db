/** What a server says of a token that it refuses (RFC 7628 section 3.2.2), in the JSON that XOAUTH2 has as well. */
export interface BearerFailure {
  /** `invalid_token`, `insufficient_scope`; XOAUTH2: an HTTP status such as `401`. */
  readonly status: string | undefined;
  /** What a token would have to allow. */
  readonly scope: string | undefined;
  /** OAUTHBEARER: where the authorization server describes itself. */
  readonly openidConfiguration: string | undefined;
}

/** Nothing of a challenge that is not JSON: it is a refusal all the same. */
export function readBearerFailure(challenge: Uint8Array): BearerFailure {
  const values = new Map(Object.entries(parseObject(Buffer.from(challenge).toString("utf8"))));
  const text = (key: string) => {
    const value: unknown = values.get(key);
    return typeof value === "string" ? value : undefined;
  };
  return { status: text("status"), scope: text("scope"), openidConfiguration: text("openid-configuration") };
}

function parseObject(json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
