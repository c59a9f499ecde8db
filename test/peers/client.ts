/** A mail client as the tests know it: what it can do, and how it is told to do it. */
import type { ProtocolName } from "../../src/core/visit.ts";
import type { Login, Outcome, Tls, Way } from "./login.ts";

export interface Client {
  readonly name: string;
  readonly version: string;
  /** Why it cannot run here. */
  readonly missing: string | false;
  /** Which NTLM responses it makes. */
  readonly ntlm?: "v1" | "v2";
  readonly ways: readonly Way[];
  /** Logs on, reads the first message or sends one, and leaves. Resolves also when it is refused. */
  visit(login: Login): Promise<Outcome>;
}

/** All ways of these protocols, mechanisms and kinds of TLS. */
export function ways(
  protocols: readonly ProtocolName[],
  mechanisms: readonly Way["mechanism"][],
  tls: readonly Tls[],
): Way[] {
  return protocols.flatMap((protocol) =>
    mechanisms.flatMap((mechanism) => tls.map((each) => ({ protocol, mechanism, tls: each }))),
  );
}

export function inWords({ protocol, mechanism, tls }: Way): string {
  return `${protocol.toUpperCase()} ${mechanism} ${tls === "none" ? "without TLS" : `over ${tls}`}`;
}
