/** The server's side of SASL for applications (RFC 4422): what to offer, and one exchange for each attempt. */
import { randomBytes } from "node:crypto";
import type { Validator } from "../../core/validator.ts";
import type { ChallengeDialect, Reveal } from "../../ntlm/acceptor.ts";
import { DEFAULT_POLICY, type AcceptorPolicy } from "../../ntlm/policy.ts";
import { converse, type Framing } from "../../sasl/converse.ts";
import { cramMd5 } from "../../sasl/cram-md5.ts";
import { external } from "../../sasl/external.ts";
import { gssSpnego } from "../../sasl/gss-spnego.ts";
import { login } from "../../sasl/login.ts";
import { makeOffer, type Mechanism, type Offer } from "../../sasl/mechanism.ts";
import { ntlm, type NtlmSettings } from "../../sasl/ntlm.ts";
import { oauthbearer } from "../../sasl/oauthbearer.ts";
import { plain } from "../../sasl/plain.ts";
import { scram, scramPlus, type ScramSettings } from "../../sasl/scram.ts";
import { xoauth2 } from "../../sasl/xoauth2.ts";
import { filetimeNow } from "../clock.ts";
import type { Connection } from "./connection.ts";
import { Exchange, resultOf, type ServerExchange, type SaslResult } from "./server-exchange.ts";

export type MechanismName = keyof typeof MECHANISMS;

export interface SaslServerOptions {
  /** In the order in which they are offered, the strongest first. */
  readonly mechanisms: readonly MechanismName[];
  /** `accounts(...)`, `accountLookup(...)`, or an object of your own that can judge what the mechanisms need. */
  readonly judge: Validator;
  /** PLAIN, LOGIN and bearer tokens also without TLS: on loopback, or where something in front ends TLS. */
  readonly allowPlaintext?: boolean | undefined;
  /** NTLMv2 only, and every protection that a client uses is verified, unless said otherwise. */
  readonly ntlm?: Partial<AcceptorPolicy> | undefined;
  /** What an NTLM CHALLENGE tells strangers, and its form. */
  readonly ntlmReveal?: Reveal | undefined;
  readonly ntlmDialect?: ChallengeDialect | undefined;
  /** Stands in CRAM-MD5's challenges. */
  readonly hostName?: string | undefined;
  /** What the salts of unknown users are made from: 32 random bytes, the same after a restart if you keep SCRAM keys. */
  readonly decoySecret?: Uint8Array | undefined;
}

export type { SaslResult, ServerExchange, ServerStep } from "./server-exchange.ts";

export interface SaslServer {
  /** What may be advertised on this connection now: ask again after STARTTLS. */
  offered(connection: Connection): MechanismName[];
  /** One attempt, in bytes; undefined where the mechanism is not offered on this connection. Upper and lower case count alike. */
  begin(mechanism: string, connection: Connection): ServerExchange | undefined;
  /**
   * One attempt, in base64 lines as SMTP, POP3 and IMAP have them: `=` for an empty initial response, `*` to cancel,
   * nothing but clean base64 otherwise. Rejects with what `framing` or the judge throws.
   */
  converse(
    mechanism: string,
    initial: string | undefined,
    framing: Framing,
    connection: Connection,
  ): Promise<SaslResult>;
}

/** Throws RangeError for a mechanism that the judge cannot judge: nothing is offered that cannot succeed. */
export function createSaslServer(options: SaslServerOptions): SaslServer {
  const offers = new Map(options.mechanisms.map((name) => [name.toUpperCase(), offerOf(name, options)]));
  const isOffered = (offer: Offer, connection: Connection) =>
    offer.isPossible(connection) && (!offer.plaintext || connection.secure || options.allowPlaintext === true);
  const choose = (mechanism: string, connection: Connection) => {
    const offer = offers.get(mechanism.toUpperCase());
    return offer && isOffered(offer, connection) ? offer : undefined;
  };
  return {
    offered: (connection) =>
      [...offers.values()].filter((offer) => isOffered(offer, connection)).map(({ name }) => name as MechanismName),
    begin(mechanism, connection) {
      const offer = choose(mechanism, connection);
      return offer && new Exchange(offer, connection);
    },
    async converse(mechanism, initial, framing, connection) {
      const offer = choose(mechanism, connection);
      if (!offer) return { kind: "refused", reason: "not-offered", why: "this mechanism is not offered here" };
      return resultOf(offer.name, await converse(offer, initial, framing, connection));
    },
  };
}

interface Settings {
  readonly ntlm: NtlmSettings;
  readonly scram: ScramSettings;
  readonly hostName: string;
}

const MECHANISMS = {
  "SCRAM-SHA-256-PLUS": (settings: Settings) => scramPlus("SCRAM-SHA-256", settings.scram),
  "SCRAM-SHA-1-PLUS": (settings: Settings) => scramPlus("SCRAM-SHA-1", settings.scram),
  "SCRAM-SHA-256": (settings: Settings) => scram("SCRAM-SHA-256", settings.scram),
  "SCRAM-SHA-1": (settings: Settings) => scram("SCRAM-SHA-1", settings.scram),
  "GSS-SPNEGO": (settings: Settings) => gssSpnego(settings.ntlm),
  NTLM: (settings: Settings) => ntlm(settings.ntlm),
  "CRAM-MD5": ({ hostName }: Settings) => cramMd5({ nonce: () => randomBytes(16), host: hostName }),
  EXTERNAL: () => external,
  OAUTHBEARER: () => oauthbearer,
  XOAUTH2: () => xoauth2,
  PLAIN: () => plain,
  LOGIN: () => login,
} as const satisfies Record<string, (settings: Settings) => Mechanism>;

function offerOf(name: MechanismName, options: SaslServerOptions): Offer {
  const { judge } = options;
  const mechanism: Mechanism = MECHANISMS[name](settingsOf(options));
  const lacksKeys = "kind" in mechanism && !judge.keys?.kinds.some((kind) => kind === mechanism.kind);
  const offer = lacksKeys ? undefined : makeOffer(mechanism, judge);
  if (!offer) throw new RangeError(`${name} needs a judge that can judge it (${mechanism.needs})`);
  return offer;
}

/** For servers that give none: unknown users then keep their salts until the process ends. */
const PROCESS_SECRET = randomBytes(32);

function settingsOf(options: SaslServerOptions): Settings {
  return {
    ntlm: {
      policy: { ...DEFAULT_POLICY, ...options.ntlm },
      dialect: options.ntlmDialect ?? "auto",
      reveal: options.ntlmReveal,
      nonce: () => randomBytes(8),
      clock: filetimeNow,
    },
    scram: {
      nonce: () => randomBytes(18),
      decoySecret: options.decoySecret ?? PROCESS_SECRET,
      plusOffered: options.mechanisms.some((name) => name.endsWith("-PLUS")),
    },
    hostName: options.hostName ?? "localhost",
  };
}
