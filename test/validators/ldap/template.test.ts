/** Names in filters and DNs stay values, whatever is in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BerReader, BerWriter, EqualityFilter, FilterParser, type Filter } from "ldapts";
import { bindTemplate, escapeDn, filterTemplate } from "../../../src/validators/ldap/template.ts";

const ANYTHING = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.stringMatching(/^[()*\\|&!=~<>{}user,+"#;0-9a-f ]{0,20}$/),
);

/** As the server reads it. */
function sent(filter: Filter): Buffer {
  const writer = new BerWriter();
  filter.write(writer);
  return writer.buffer;
}

test("a name is one value in the filter that is sent, and the rest of the filter is as configured", () => {
  const template = filterTemplate("(&(objectClass=person)(!(locked=TRUE))(|(uid={user})(mail={user})))", ["user"]);
  fc.assert(
    fc.property(ANYTHING, (user) => {
      const filter = FilterParser.parse(new BerReader(sent(template({ user }))));
      const expected = sent(template({ user: "PLACE" }));
      const values: string[] = [];
      const parts: Filter[] = [filter];
      for (let part = parts.pop(); part; part = parts.pop()) {
        if ("filters" in part) parts.push(...(part.filters as Filter[]));
        else if ("filter" in part) parts.push(part.filter as Filter);
        else if (part instanceof EqualityFilter) values.push(`${part.attribute}=${String(part.value)}`);
        else assert.fail("a part that was not configured");
      }
      const text = Buffer.from(user, "utf8").toString("utf8");
      assert.deepEqual(
        values.toSorted(),
        [`mail=${text}`, `uid=${text}`, "locked=TRUE", "objectclass=person"].toSorted(),
      );
      assert.equal(sent(template({ user: "PLACE" })).compare(expected), 0, "a template is not used up");
    }),
    { numRuns: 1000 },
  );
});

test("what is put in is not looked at again, and words that are not known stay out", () => {
  const template = filterTemplate("(&(a={user})(b={name}))", ["user", "name"]);
  assert.equal(String(template({ user: "{name}", name: "x" })), "(&(a={name})(b=x))");
  assert.equal(String(template({ user: "$&", name: "$1" })), "(&(a=$&)(b=$1))");
  for (const wrong of ["(uid={password})", "(uid={user}*)", "(uid=*{user}*)", "uid={user})", "(", "(uid={user}"])
    assert.throws(() => filterTemplate(wrong, ["user"]), Error, wrong);
});

test("a name in a DN is one value of one RDN", () => {
  const template = bindTemplate("uid={user},ou=people,dc=example,dc=com");
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), (user) => {
      const name = template({ user, domain: "example.com" }) ?? "";
      assert.ok(name.endsWith(",ou=people,dc=example,dc=com"));
      assert.equal(valueOf(name), user);
    }),
    { numRuns: 1000 },
  );
});

/** The first value of a DN by RFC 4514's own rules. */
function valueOf(dn: string): string {
  let value = "";
  for (let at = dn.indexOf("=") + 1; at < dn.length; at++) {
    if (dn[at] === ",") return value;
    assert.ok(!'+";<>'.includes(dn[at] ?? ""), "an unescaped separator");
    if (dn[at] !== "\\") value += dn[at] ?? "";
    else if (dn.startsWith("00", at + 1)) [value, at] = [`${value}\0`, at + 2];
    else value += dn[++at] ?? "";
  }
  return assert.fail("a DN without end");
}

test("blanks at either end and a number sign in front are escaped", () => {
  for (const [value, escaped] of [
    [" ", "\\ "],
    [" a ", "\\ a\\ "],
    ["#a#", "\\#a#"],
    ["a b", "a b"],
    ["a\\ ", "a\\\\\\ "],
  ] as const)
    assert.equal(escapeDn(value), escaped);
});

test("names with separators in them are no part of a name with a domain", () => {
  const template = bindTemplate("{user}@{domain}");
  assert.equal(template({ user: "alice", domain: "example.com" }), "alice@example.com");
  for (const user of ["", "a@b", "EXAMPLE\\a", "a/b", "cn=a,dc=b", "a;b", "a*"])
    assert.equal(template({ user, domain: "example.com" }), undefined, user);
});

test("templates that could bind nobody in particular or a SASL mechanism are refused", () => {
  for (const wrong of ["{user}", "{domain}", "", "admin@example.com", "{user}{domain}", "{user}@{realm}"])
    assert.throws(() => bindTemplate(wrong), Error, wrong);
});
