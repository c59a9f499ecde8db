/**
 * What a listener offers: the mechanisms of its list, in its order, each made with the listener's settings, as far as its
 * validator can judge them. What also needs TLS or a certificate is decided on each connection.
 */
import { hkdfSync, randomBytes } from "node:crypto";
import type { Config, ListenerConfig, MechanismName } from "./config/config.ts";
import type { Validator } from "./core/validator.ts";
import { listenerPolicyOf, sitePolicyOf } from "./listener-policy.ts";
import { compilePolicy } from "./policy/terms.ts";
import { cramMd5 } from "./sasl/cram-md5.ts";
import { external } from "./sasl/external.ts";
import { gssSpnego } from "./sasl/gss-spnego.ts";
import { login } from "./sasl/login.ts";
import { makeOffer, type Mechanism, type Offer } from "./sasl/mechanism.ts";
import { ntlm, type NtlmSettings } from "./sasl/ntlm.ts";
import { oauthbearer } from "./sasl/oauthbearer.ts";
import { plain } from "./sasl/plain.ts";
import { scram, scramPlus, type KeyMechanism, type ScramSettings } from "./sasl/scram.ts";
import { xoauth2 } from "./sasl/xoauth2.ts";

export interface OfferSources {
  /** 8 bytes for an NTLM CHALLENGE, never the same twice. */
  readonly nonce: () => Uint8Array;
  /** Now, as a FILETIME. */
  readonly clock: () => bigint;
}

export function makeOffers(
  config: Config,
  listener: ListenerConfig,
  validator: Validator,
  sources: OfferSources,
): Offer[] {
  const settings = settingsOf(config, listener, sources);
  return listener.mechanisms.flatMap((name) => {
    const mechanism = MECHANISMS[name](settings);
    const offer = makeOffer(mechanism, validator);
    return offer ? [isKeyMechanism(mechanism) ? whileKeysAreThere(offer, mechanism, validator) : offer] : [];
  });
}

/** Accounts come and go, and with them what all of them can use. */
function whileKeysAreThere(offer: Offer, { kind }: KeyMechanism, { keys }: Validator): Offer {
  const isPossible: Offer["isPossible"] = (visit) => keys!.kinds.includes(kind) && offer.isPossible(visit);
  return { ...offer, isPossible };
}

interface Settings {
  readonly host: string;
  readonly ntlm: NtlmSettings;
  readonly scram: ScramSettings;
}

const MECHANISMS: Readonly<Record<MechanismName, (settings: Settings) => Mechanism | KeyMechanism>> = {
  NTLM: (settings) => ntlm(settings.ntlm),
  "GSS-SPNEGO": (settings) => gssSpnego(settings.ntlm),
  PLAIN: () => plain,
  LOGIN: () => login,
  "SCRAM-SHA-256": (settings) => scram("SCRAM-SHA-256", settings.scram),
  "SCRAM-SHA-256-PLUS": (settings) => scramPlus("SCRAM-SHA-256", settings.scram),
  "SCRAM-SHA-1": (settings) => scram("SCRAM-SHA-1", settings.scram),
  "SCRAM-SHA-1-PLUS": (settings) => scramPlus("SCRAM-SHA-1", settings.scram),
  "CRAM-MD5": ({ host }) => cramMd5({ nonce: () => randomBytes(16), host }),
  OAUTHBEARER: () => oauthbearer,
  XOAUTH2: () => xoauth2,
  EXTERNAL: () => external,
};

function isKeyMechanism(mechanism: Mechanism | KeyMechanism): mechanism is KeyMechanism {
  return "kind" in mechanism;
}

function settingsOf(config: Config, listener: ListenerConfig, sources: OfferSources): Settings {
  const { challenge, dialect, mechanisms } = listener;
  return {
    host: config.server.name,
    ntlm: {
      policy: compilePolicy(listenerPolicyOf(config, listener), sitePolicyOf(config)),
      reveal: challenge.reveal,
      oemCharsets: challenge.codePages,
      dialect,
      ...sources,
    },
    scram: {
      nonce: () => randomBytes(18),
      decoySecret: decoySecret(config),
      plusOffered: mechanisms.some((name) => name.endsWith("-PLUS")),
    },
  };
}

const PROCESS_SECRET = randomBytes(32);

/** 32 bytes: unknown users keep their salts over a restart, as real ones do, where there is a key to derive them from. */
export function decoySecret({ tls: [certificate] }: Config): Uint8Array {
  if (!certificate) return PROCESS_SECRET;
  return new Uint8Array(hkdfSync("sha256", certificate.key.reveal(), "", "postern: salts of unknown users", 32));
}
