/** ARCHITECTURE.md's table of rooms, enforced: who may import whom, what the pure rooms stay away from, how long a file is. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { ROOT } from "./support/root.ts";

/** Rooms that are arithmetic and words: these modules of the standard library, nothing that tells the time, no packages. */
const PURE: Readonly<Record<string, readonly string[]>> = {
  core: ["node:crypto", "node:util"],
  ntlm: ["node:crypto", "node:util", "node:zlib"],
};
const CLOCKS = new Set(["Date", "performance", "process", "setTimeout", "setInterval", "setImmediate", "fetch"]);
/** A package that only one room may know. */
const PRIVATE: Readonly<Record<string, string>> = { yaml: "config" };
const FILE_LENGTH = 300;

interface SourceFile {
  /** From src, with slashes: `wire/wire.ts`. */
  readonly path: string;
  readonly text: string;
}

type Table = ReadonlyMap<string, ReadonlySet<string> | "everything">;

function readTable(markdown: string): Table {
  const rows = [...markdown.matchAll(/^\| ([^|]*) \|[^|]*\| ([^|]*) \|$/gm)];
  const rooms = rows.filter(([, room = ""]) => room.includes("`"));
  return new Map(
    rooms.flatMap(([, names = "", imports = ""]) => namesIn(names).map((name) => [name, allowed(imports)])),
  );
}

function namesIn(cell: string): string[] {
  const names = [...cell.matchAll(/`([a-z0-9]+)`/g)].map(([, name = ""]) => name);
  return cell.includes("root files") ? [...names, ""] : names;
}

function allowed(cell: string): ReadonlySet<string> | "everything" {
  if (cell.trim() === "everything") return "everything";
  return new Set(cell.split(",").map((name) => name.trim().replaceAll("`", "")));
}

/** The room is the first folder; files that lie in src itself are in the room "". */
function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

interface Import {
  /** undefined: computed, so that nobody can tell. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/** Every way in which TypeScript names another module: import, export from, import(), import type, require. */
function importsOf({ path, text }: SourceFile): Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const named = specifierOf(node);
    if (named) {
      const specifier = ts.isStringLiteralLike(named.node) ? named.node.text : undefined;
      found.push({ specifier, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

function specifierOf(node: ts.Node): { node: ts.Node } | undefined {
  if (ts.isImportDeclaration(node)) return { node: node.moduleSpecifier };
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) return { node: node.moduleSpecifier };
  if (ts.isImportTypeNode(node)) return { node: ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node };
  if (ts.isExternalModuleReference(node)) return { node: node.expression };
  if (!ts.isCallExpression(node)) return undefined;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === "require";
  if (node.expression.kind !== ts.SyntaxKind.ImportKeyword && !isRequire) return undefined;
  return { node: node.arguments[0] ?? node };
}

function breachesOf(files: readonly SourceFile[], table: Table): string[] {
  return files.flatMap((file) => [
    ...importsOf(file).flatMap((each) => {
      const why = breach(file.path, each.specifier, table);
      return why === undefined ? [] : [`src/${file.path}:${each.line}: ${why}`];
    }),
    ...clocksIn(file),
  ]);
}

function breach(path: string, specifier: string | undefined, table: Table): string | undefined {
  const room = roomOf(path);
  const may = table.get(room);
  if (may === undefined) return `the room ${room} is not in ARCHITECTURE.md`;
  if (specifier === undefined) return "an import whose module is computed";
  if (!specifier.startsWith(".")) return breachByPackage(room, specifier);
  const target = roomOf(posix.normalize(posix.join(posix.dirname(path), specifier)));
  if (target.startsWith("..")) return `${specifier} is not in src`;
  return target === room || may === "everything" || may.has(target)
    ? undefined
    : `${room} may not import ${target === "" ? "root files" : target} (${specifier})`;
}

function breachByPackage(room: string, specifier: string): string | undefined {
  const pure = PURE[room];
  if (pure && !pure.includes(specifier)) return `${room} may not import ${specifier}`;
  const owner = PRIVATE[specifier.split("/")[0]!];
  return owner !== undefined && owner !== room ? `only ${owner} may import ${specifier}` : undefined;
}

function clocksIn({ path, text }: SourceFile): string[] {
  if (!PURE[roomOf(path)]) return [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isName = ts.isIdentifier(node) && CLOCKS.has(node.text) && isValue(node);
    if (isName) found.push(`src/${path}: ${roomOf(path)} may not use ${node.text}`);
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

/** Not the name of a property, such as `record.process`. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name !== node;
  return !(ts.isPropertySignature(parent) || ts.isPropertyAssignment(parent));
}

function readSources(): SourceFile[] {
  const folder = fileURLToPath(new URL("src", ROOT));
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.[cm]?[jt]sx?$/.test(path),
  );
  return paths.map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join(folder, path), "utf8") }));
}

const table = readTable(readFileSync(new URL("ARCHITECTURE.md", ROOT), "utf8"));
const sources = readSources();

test("the table names every room, and every room is in the table", () => {
  const rooms = new Set(sources.map(({ path }) => roomOf(path)));
  assert.deepEqual([...rooms].sort(), [...table.keys()].sort());
  const named = [...table.values()].flatMap((may) => (may === "everything" ? [] : [...may]));
  assert.deepEqual(
    named.filter((name) => name !== "-" && !table.has(name)),
    [],
  );
});

test("no file imports what ARCHITECTURE.md does not allow", () => {
  assert.ok(sources.length > 80, "the sources were found");
  assert.deepEqual(breachesOf(sources, table), []);
});

test("no file is longer than 300 lines", () => {
  const long = sources.filter(({ text }) => text.split("\n").length - 1 > FILE_LENGTH);
  assert.deepEqual(
    long.map(({ path }) => path),
    [],
  );
});

test("the check catches each way to import, and what the pure rooms must not touch", () => {
  const caught = (path: string, text: string): number => breachesOf([{ path, text }], table).length;
  assert.equal(caught("wire/x.ts", 'import { a } from "../core/visit.ts";'), 1, "static");
  assert.equal(caught("wire/x.ts", 'import type { A } from "../core/visit.ts";'), 1, "type");
  assert.equal(caught("wire/x.ts", 'import "../core/visit.ts";'), 1, "side effect");
  assert.equal(caught("wire/x.ts", 'export * from "../core/visit.ts";'), 1, "export");
  assert.equal(caught("wire/x.ts", 'const a = await import("../core/visit.ts");'), 1, "dynamic");
  assert.equal(caught("wire/x.ts", 'let a: import("../core/visit.ts").Visit;'), 1, "type in passing");
  assert.equal(caught("wire/x.ts", 'const name = "y"; await import(name);'), 1, "computed");
  assert.equal(caught("wire/x.ts", 'const a = require("../core/visit.ts");'), 1, "require");
  assert.equal(caught("core/x.ts", 'import { a } from "../visit.ts";'), 1, "root file");
  assert.equal(caught("core/x.ts", 'import { a } from "../../test/x.ts";'), 1, "outside");
  assert.equal(caught("ntlm/x.ts", 'import { connect } from "node:net";'), 1, "socket");
  assert.equal(caught("core/x.ts", 'import { readFileSync } from "node:fs";'), 1, "file");
  assert.equal(caught("ntlm/x.ts", 'import yaml from "yaml";'), 1, "package");
  assert.equal(caught("ntlm/x.ts", "export const now = Date.now();"), 1, "clock");
  assert.equal(caught("cli/x.ts", 'import yaml from "yaml";'), 1, "YAML elsewhere");
  assert.equal(caught("attic/x.ts", 'import "node:fs";'), 1, "a room that nobody knows");
});

test("the check lets through what the table allows", () => {
  const caught = (path: string, text: string): number => breachesOf([{ path, text }], table).length;
  assert.equal(caught("sasl/x.ts", 'import { a } from "../core/visit.ts"; import "./y.ts"; import "node:net";'), 0);
  assert.equal(caught("gateway.ts", 'import "./visit.ts"; import "./protocols/imap/serve.ts";'), 0);
  assert.equal(caught("core/x.ts", 'import type { Wire } from "../wire/wire.ts"; import "node:util";'), 0);
  assert.equal(caught("ntlm/x.ts", "export interface A { readonly process: string }"), 0);
});
