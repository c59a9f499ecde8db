/** Validators over the test domain controller, with a machine account of accounts.json. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "../../../src/core/secret.ts";
import type { Validator } from "../../../src/core/validator.ts";
import { writeState } from "../../../src/validators/netlogon/machine-state.ts";
import { netlogonValidator, type NetlogonOptions } from "../../../src/validators/netlogon/netlogon.ts";
import { accountOf, DOMAIN, type DomainController } from "../../peers/samba-dc/domain-controller.ts";

export interface Member {
  /** The state file. */
  readonly state: string;
  /** Over the domain controller, which is found by DNS. */
  validator(options?: Partial<NetlogonOptions>): Validator;
  remove(): void;
}

/** A computer that has joined. */
export function memberOf(dc: DomainController, computer = "MAIL"): Member {
  const folder = mkdtempSync(join(tmpdir(), "postern-member-"));
  const state = join(folder, "machine.json");
  const password = new Secret(accountOf(`${computer}$`).password);
  writeState(state, { domain: DOMAIN.netbios, computer, password, changed: new Date() });
  return {
    state,
    validator: (options = {}) =>
      netlogonValidator({
        ...{ name: "staff", log: () => undefined, domain: DOMAIN.netbios, dnsDomain: DOMAIN.dns, computer, state },
        nameServers: [dc.address],
        ...options,
      }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
