/** Named parameters in queries: found where they are parameters, by the lexical rules of each database, and nowhere else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { prepareQuery, ROW_LIMIT, type Dialect } from "../../../src/validators/sql/placeholders.ts";

/** The query inside of the limit. */
function inner(query: string, dialect: Dialect): { text: string; parameters: readonly string[] } {
  const { text, parameters } = prepareQuery(query, dialect);
  const [before, after] = ["SELECT * FROM (\n", `\n) AS postern_account LIMIT ${ROW_LIMIT + 1}`];
  assert.ok(text.startsWith(before) && text.endsWith(after));
  return { text: text.slice(before.length, text.length - after.length), parameters };
}

test("each parameter becomes a placeholder of the database, in the order of their places", () => {
  const query =
    "SELECT x FROM t WHERE u = :user AND d = :domain OR n = :name AND l=:listener AND p=:protocol AND u<>:user";
  const parameters = ["user", "domain", "name", "listener", "protocol", "user"];
  const positional = "SELECT x FROM t WHERE u = ? AND d = ? OR n = ? AND l=? AND p=? AND u<>?";
  const numbered = "SELECT x FROM t WHERE u = $1 AND d = $2 OR n = $3 AND l=$4 AND p=$5 AND u<>$6";
  assert.deepEqual(inner(query, "postgres"), { text: numbered, parameters });
  assert.deepEqual(inner(query, "mysql"), { text: positional, parameters });
  assert.deepEqual(inner(query, "sqlite"), { text: positional, parameters });
});

test("strings, names, comments and casts are left as they are", () => {
  const left: readonly (readonly [Dialect, readonly string[]])[] = [
    ["postgres", [
      "':user'", "'it''s :user'", "E'\\':user'", "e'\\\\'", "'\\'", '":user"', '"a"":user"', "$$:user$$", "$a$ $$:user $b$ $a$",
      "-- :user\n", "/* :user /* :user */ :user */", "x::user", "x :: user", "a := 1", "a[1:2]", "j ? 'a'", "@>", "l:1", "B'1'", "naïve$1x",
    ]],
    ["mysql", [
      "':user'", "'it''s :user'", "'\\':user'", '"\\":user"', '":user"', "`:user`", "`a``:user`", "-- :user\n", "# :user\n",
      "/* :user */", "@v := 1", "'\\\\'"
    ]],
    ["sqlite", ["':user'", "'\\'", '":user"', "`:user`", "[:user]", "-- :user\n", "/* :user */"]],
  ]; // prettier-ignore
  for (const [dialect, pieces] of left)
    for (const piece of pieces) {
      const { text, parameters } = inner(`${piece} :user`, dialect);
      assert.deepEqual([text, parameters], [`${piece} ${dialect === "postgres" ? "$1" : "?"}`, ["user"]], piece);
    }
});

test("a cast after a parameter is a cast", () => {
  assert.equal(inner("SELECT :user::citext", "postgres").text, "SELECT $1::citext");
});

test("in MySQL two hyphens begin a comment only before a blank", () => {
  assert.deepEqual(inner("SELECT 1--:user", "mysql").parameters, ["user"]);
  assert.throws(() => inner("SELECT 1-- :user", "mysql"), /neither :user nor :name/);
});

test("mistakes are said in a sentence", () => {
  const wrong: readonly (readonly [string, Dialect, RegExp])[] = [
    ["SELECT 1", "postgres", /neither :user nor :name/],
    ["SELECT :listener", "postgres", /neither :user nor :name/],
    ["SELECT :usr", "mysql", /has :usr; there are :user, :domain, :name, :listener, :protocol/],
    ["SELECT :user WHERE a = $1", "postgres", /has a \$/],
    ["SELECT :user WHERE a = ?", "mysql", /has a \?/],
    ["SELECT :user WHERE a = ?1", "sqlite", /has a \?/],
    ["SELECT :user WHERE a = @user", "sqlite", /has a @/],
    ["SELECT :user, 'open", "postgres", /has a '/],
    ['SELECT :user, "open', "mysql", /has a "/],
    ["SELECT :user, [open", "sqlite", /has a \[/],
    ["SELECT :user /* /* */", "postgres", /comment without end/],
    ["SELECT :user; DELETE FROM t", "postgres", /more than one statement/],
    ["SELECT :user, $a$ $b$", "postgres", /has a \$/],
  ];
  for (const [query, dialect, expected] of wrong) assert.throws(() => prepareQuery(query, dialect), expected, query);
  assert.equal(inner("SELECT :user; \n", "mysql").text.trim(), "SELECT ?");
});

test("any text is either refused or keeps all but its parameters", () => {
  const parts = fc.constantFrom(
    "'",
    '"',
    "`",
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "\n",
    "\\",
    ":user",
    ":name",
    "::",
    "E",
    "a",
    " ",
    "[",
    "]",
    "#",
    "é",
    ";",
    "?",
    "😀",
  );
  fc.assert(
    fc.property(
      fc.array(parts, { maxLength: 30 }),
      fc.constantFrom<Dialect>("postgres", "mysql", "sqlite"),
      (pieces, dialect) => {
        const query = pieces.join("");
        let prepared;
        try {
          prepared = inner(query, dialect);
        } catch (error) {
          assert.match((error as Error).message, /^the query (has|is)/);
          return;
        }
        let count = 0;
        const back = prepared.text.replaceAll(
          dialect === "postgres" ? /\$\d+/g : /\?/g,
          () => `:${prepared.parameters[count++]}`,
        );
        // Only where the text had none of its own, which strings and comments may have.
        if (!/[?;]|\$\d/.test(query)) assert.equal(back, query);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a long query takes no time worth mentioning", () => {
  for (const filling of ["$a$ ", "/* ", "' ", "x ", "$$"]) {
    const started = performance.now();
    try {
      prepareQuery(`SELECT :user ${filling.repeat(2000)}`, "postgres");
    } catch {
      // Refused is fine, slow is not.
    }
    assert.ok(performance.now() - started < 500, filling);
  }
});
