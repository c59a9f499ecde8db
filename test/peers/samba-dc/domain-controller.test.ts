/** The test domain controller itself: it serves, two live side by side, and one that was killed comes back with its state. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { Client } from "ldapts";
import { findControllers } from "../../../src/validators/netlogon/discovery.ts";
import { run } from "../programs.ts";
import { accountOf, DOMAIN, startDomainController, withoutDomainController } from "./domain-controller.ts";
import type { DomainController } from "./domain-controller.ts";

test(
  "a domain controller serves LDAP, DNS and winbind, beside another one, and again after it was killed",
  { skip: withoutDomainController() },
  async () => {
    const dc = await startDomainController();
    try {
      await serves(dc);
      const other = await startDomainController();
      try {
        assert.notEqual(other.address, dc.address);
        await serves(other);
        await dc.kill();
        await assert.rejects(bind(dc, "bob"));
        await serves(other);
        await dc.start();
        await serves(dc);
      } finally {
        await other.close();
      }
      await dc.stop();
      await assert.rejects(bind(dc, "bob"));
    } finally {
      await dc.close();
    }
    assert.ok(!existsSync(dc.folder));
  },
);

async function serves(dc: DomainController): Promise<void> {
  await bind(dc, "bob");
  const found = await findControllers(DOMAIN.dns, [dc.address]);
  assert.deepEqual(found, [{ name: dc.hostName, host: dc.address, port: undefined }]);
  const [program = "", ...args] = dc.inside();
  const logon = [`--domain=${DOMAIN.netbios}`, "--username=bob", `--password=${accountOf("bob").password}`];
  const { code, said } = await run(program, [...args, "ntlm_auth", ...logon]);
  assert.equal(code, 0, said);
}

async function bind(dc: DomainController, name: string): Promise<void> {
  const client = new Client({ url: `ldaps://${dc.address}`, tlsOptions: { ca: dc.ca }, connectTimeout: 2000 });
  try {
    await client.bind(`${DOMAIN.netbios}\\${name}`, accountOf(name).password);
  } finally {
    await client.unbind();
  }
}
