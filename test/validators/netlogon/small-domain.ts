/** A domain of doubles for tests: controllers that know the same accounts, a state file, and a validator over them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { writeState } from "../../../src/validators/netlogon/machine-state.ts";
import { netlogonValidator, type NetlogonOptions } from "../../../src/validators/netlogon/netlogon.ts";
import { DcDouble, type Behaviour, type DoubleAccount } from "../../netlogon/dc-double.ts";

export const MACHINE = { domain: "EXAMPLE", computer: "MAIL", password: "Mail-Machine-Passw0rd!" };

const KNOWN = { domain: "EXAMPLE", dnsDomain: "example.com" };

/** Those of accounts.json that the double needs: what it knows of them is theirs. */
export const ACCOUNTS: Readonly<Record<string, DoubleAccount>> = {
  alice: { password: "Password1", info: { ...KNOWN, user: "alice", upn: "alice.doe@mail.example", fullName: "Alice" } },
  bob: { password: "Bob's own", info: KNOWN },
};

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface SmallDomain {
  readonly controllers: readonly DcDouble[];
  readonly validator: Validator;
  /** The state file. */
  readonly state: string;
  readonly log: LogLine[];
  /** How often a controller was asked about a user. */
  asked(): number;
  close(): Promise<void>;
}

export interface SmallDomainOptions {
  readonly accounts?: Readonly<Record<string, DoubleAccount>>;
  /** One controller each. */
  readonly behaviours?: readonly Behaviour[];
  readonly options?: Partial<NetlogonOptions>;
}

export async function startSmallDomain({
  accounts = ACCOUNTS,
  behaviours = [{}],
  options = {},
}: SmallDomainOptions = {}): Promise<SmallDomain> {
  const start = (behaviour: Behaviour) => DcDouble.start({ machine: MACHINE, accounts, behaviour });
  const controllers = await Promise.all(behaviours.map(start));
  const folder = mkdtempSync(join(tmpdir(), "postern-netlogon-"));
  const state = join(folder, "machine.json");
  writeState(state, { ...MACHINE, password: new Secret(MACHINE.password), changed: new Date() });
  const log: LogLine[] = [];
  const validator = netlogonValidator({
    name: "staff",
    log: (level, message, fields) => log.push({ level, message, fields }),
    ...{ domain: MACHINE.domain, dnsDomain: "example.com", computer: MACHINE.computer, state },
    controllers: controllers.map(({ port }) => ({ host: "127.0.0.1", port })),
    ...options,
  });
  return {
    ...{ controllers, validator, state, log },
    asked: () => controllers.reduce((sum, { logons }) => sum + logons.length, 0),
    close: async () => {
      await validator.close?.();
      await Promise.all(controllers.map((each) => each.stop()));
      rmSync(folder, { recursive: true });
    },
  };
}
