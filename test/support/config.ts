/** A finished configuration from a few words: what a test does not say is as the defaults have it. */
import { complete } from "../../src/config/complete.ts";
import type { Config } from "../../src/config/config.ts";
import { configSchema } from "../../src/config/schema.ts";

/** As in config.yaml; `listeners`, `backends` and the rest may be left out. */
export interface Pieces {
  readonly server?: object;
  readonly tls?: readonly object[];
  readonly tlsPolicy?: string;
  readonly listeners?: readonly object[];
  readonly backends?: Readonly<Record<string, object>>;
  readonly routes?: readonly object[];
  readonly limits?: object;
}

const SERVER = { name: "mail.example.com" };
/** Nobody waits in a test, and one bad client must not close the door to the next. */
const LIMITS = { failureDelay: "0ms", backend: { connect: "2s", logon: "2s" } };

/** Throws with what the configuration's own checks say. Free ports on loopback unless `bind` says otherwise. */
export function configOf(pieces: Pieces): Config {
  const listeners = (pieces.listeners ?? [{}]).map((listener) => ({
    name: "front",
    protocol: "imap",
    bind: "127.0.0.1:0",
    ...listener,
  }));
  const { limits, backends = { store: {} }, ...rest } = pieces;
  const raw = {
    server: SERVER,
    validators: { users: { type: "file", path: "/nowhere/users" } },
    backends,
    limits: { ...LIMITS, ...limits },
    ...rest,
    listeners,
  };
  return complete(configSchema.parse(raw), {
    folder: "/nowhere",
    now: new Date(),
    complain: ({ path, message }) => {
      throw new Error(`${path.join(".")}: ${message}`);
    },
  });
}
