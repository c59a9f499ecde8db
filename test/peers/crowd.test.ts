/** Many clients at the same time, of several users, over all protocols: each gets its own mailbox. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { visitByCurl } from "./clients/curl.ts";
import { arrival, loginAt, type Way } from "./login.ts";
import { eventually, without } from "./programs.ts";
import { openWorld, withoutWorld, WRONG, type User, type World } from "./world.ts";

const CROWD = 100;
const USERS: readonly User[] = ["alice", "bob", "carol"];

const WAYS: readonly (Way & { readonly listener: string })[] = [
  { listener: "pop3", protocol: "pop3", mechanism: "NTLM", tls: "none" },
  { listener: "imaps", protocol: "imap", mechanism: "NTLM", tls: "TLS" },
  { listener: "imap", protocol: "imap", mechanism: "PLAIN", tls: "STARTTLS" },
  { listener: "pop3s", protocol: "pop3", mechanism: "LOGIN", tls: "TLS" },
  { listener: "smtp", protocol: "smtp", mechanism: "NTLM", tls: "STARTTLS" },
];

describe(`${CROWD} clients at once`, { skip: without("curl") || withoutWorld() }, () => {
  let world!: World;
  before(async () => void (world = await openWorld()));
  after(() => world?.close());

  test("each gets its own user's mailbox, and every seventh, with a wrong password, gets none", async () => {
    const visits = Array.from({ length: CROWD }, async (_, index) => {
      const { listener, ...way } = WAYS[index % WAYS.length]!;
      const user = USERS[index % USERS.length]!;
      const isWrong = index % 7 === 0;
      const login = loginAt(world, listener, way, { user, ...(isWrong && { password: WRONG }) });
      return { ...(await visitByCurl(login)), way, user, isWrong, token: login.token };
    });
    for (const { isIn, isWrong, mail, said, way, user, token } of await Promise.all(visits)) {
      assert.equal(isIn, !isWrong, `${user}: ${said}`);
      if (isWrong) continue;
      if (way.protocol === "smtp")
        assert.match(String(await arrival(world, token)), new RegExp(`^From: ${user}@`, "m"));
      else assert.equal(/Only (\w+) reads this/.exec(mail!)?.[1], user);
    }
    await eventually("a line in the log for each", () => {
      const sessions = world.gateway.records.filter(({ message }) => message === "session");
      return sessions.length === CROWD - Math.ceil(CROWD / 7) || undefined;
    });
    assert.deepEqual(world.gateway.records.filter(({ level }) => level === "error"), []); // prettier-ignore
  });
});
