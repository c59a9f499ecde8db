/** How a request shows that it is ours: a bearer token, Basic (RFC 7617), or a signature over it (RFC 9421, RFC 9530). */
import { createHash, createHmac } from "node:crypto";
import { base64OfText } from "../../core/base64.ts";
import type { Authentication } from "./options.ts";

/** The headers to add to a POST of `body` to `url`; `now` in milliseconds since 1970. */
export function authenticate(
  authentication: Authentication | undefined,
  { url, body, now }: { readonly url: URL; readonly body: string; readonly now: number },
): Readonly<Record<string, string>> {
  switch (authentication?.kind) {
    case undefined:
      return {};
    case "bearer":
      return { authorization: `Bearer ${authentication.token.reveal()}` };
    case "basic": {
      const pair = `${authentication.user}:${authentication.password.reveal()}`;
      return { authorization: `Basic ${base64OfText(pair)}` };
    }
    case "hmac":
      return signed(authentication, url, body, Math.floor(now / 1000));
  }
}

function signed(
  { keyId, key }: Authentication & { kind: "hmac" },
  url: URL,
  body: string,
  created: number,
): Readonly<Record<string, string>> {
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  const components: readonly Component[] = [
    ["@method", "POST"],
    ["@authority", url.host],
    ["@path", url.pathname],
    ["content-digest", digest],
  ];
  const { input, signature } = sign(components, `;created=${created};keyid="${keyId}";alg="hmac-sha256"`, key.reveal());
  return { "content-digest": digest, "signature-input": `postern=${input}`, signature: `postern=:${signature}:` };
}

/** A component's identifier (RFC 9421 section 2) and its value. */
export type Component = readonly [identifier: string, value: string];

/** RFC 9421 sections 2.5 and 3.3.3: what Signature-Input says of the components, and their signature in base64. */
export function sign(
  components: readonly Component[],
  parameters: string,
  key: string | Uint8Array,
): { readonly input: string; readonly signature: string } {
  const input = `(${components.map(([identifier]) => `"${identifier}"`).join(" ")})${parameters}`;
  const lines = [...components, ["@signature-params", input] as const].map(([name, value]) => `"${name}": ${value}`);
  return { input, signature: createHmac("sha256", key).update(lines.join("\n")).digest("base64") };
}
