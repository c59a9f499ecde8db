/** The log: a client's words cannot forge it, secrets do not come into it, and lines arrive in order. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import { escapeControls, timestamp } from "../../src/observe/line.ts";
import { openLog, silentLog, type LogOptions } from "../../src/observe/log.ts";

interface Listening {
  readonly log: ReturnType<typeof openLog>;
  lines(): Promise<string[]>;
}

function listen(options: Partial<LogOptions> = {}): Listening {
  const output = new PassThrough();
  let text = "";
  output.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const log = openLog({ level: "info", format: "text", output, ...options });
  const lines = async (): Promise<string[]> => {
    await log.flush();
    await new Promise((resolve) => setImmediate(resolve));
    return text.split("\n").slice(0, -1);
  };
  return { log, lines };
}

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

test("a line has its time, its words and its fields; what is undefined is left out", async () => {
  const { log, lines } = listen();
  log.write("info", "session", { user: "alice", failures: undefined, tls: true, up: 12, why: "said no" });
  const [line = ""] = await lines();
  assert.match(line, STAMP);
  assert.equal(line.replace(STAMP, ""), 'session user=alice tls=true up=12 why="said no"');
});

test("levels below the chosen one are not written, and whoever asks is told", async () => {
  const quiet = listen({ level: "warn" });
  for (const level of ["debug", "info", "warn", "error"] as const) quiet.log.write(level, level);
  assert.deepEqual(
    (await quiet.lines()).map((line) => line.replace(STAMP, "")),
    ["warn: warn", "error: error"],
  );
  assert.equal(quiet.log.debugs, false);
  assert.equal(listen({ level: "debug" }).log.debugs, true);
});

test("JSON has one object a line with the same fields", async () => {
  const { log, lines } = listen({ format: "json" });
  log.write("warn", "logon failed", { user: "alice", why: 'a "quote"' });
  const record = JSON.parse((await lines())[0]!) as Record<string, unknown>;
  assert.match(String(record["time"]), /^\d{4}-/);
  delete record["time"];
  assert.deepEqual(record, { level: "warn", message: "logon failed", user: "alice", why: 'a "quote"' });
});

const FORGERIES = [
  "alice\nsession user=root",
  "alice\r\n",
  "\u001b[31mred",
  "\u009b31m",
  "a\u2028b",
  "a\0b",
  "a\u007f",
];

for (const format of ["text", "json"] as const) {
  test(`a client's words end no line and move no cursor (${format})`, async () => {
    const { log, lines } = listen({ format });
    for (const user of FORGERIES) log.write("info", "logon failed", { user });
    const written = await lines();
    assert.equal(written.length, FORGERIES.length);
    for (const line of written) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  });

  test(`a client's words do not fill the log (${format})`, async () => {
    const { log, lines } = listen({ format });
    log.write("info", "logon failed", { user: "x".repeat(10_000) });
    assert.ok((await lines())[0]!.length < 500);
  });

  test(`a secret that strays into a field is masked (${format})`, async () => {
    const { log, lines } = listen({ format });
    log.write("info", `with ${new Secret("hunter2")}`, { password: new Secret("hunter2") as never });
    assert.doesNotMatch((await lines()).join(), /hunter2/);
  });
}

test("a blank, a quote or an equals sign in a value cannot make another field of it", async () => {
  const { log, lines } = listen();
  log.write("info", "x", { user: "a b=c", name: 'q"q', empty: "" });
  assert.equal((await lines())[0]!.replace(STAMP, ""), 'x user="a b=c" name="q\\"q" empty=""');
});

test("a burst arrives whole and in order", async () => {
  const { log, lines } = listen({ format: "json" });
  for (let each = 0; each < 3_000; each += 1) log.write("info", "line", { each });
  const numbers = (await lines()).map((line) => (JSON.parse(line) as { each: number }).each);
  assert.deepEqual(
    numbers,
    Array.from({ length: 3_000 }, (_, index) => index),
  );
});

test("an error does not wait, and a line that waits comes by itself", async () => {
  const output = new PassThrough();
  const log = openLog({ level: "info", format: "text", output });
  log.write("error", "now");
  assert.match(String(output.read()), /error: now/);
  log.write("info", "soon");
  assert.equal(output.read(), null);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.match(String(output.read()), /soon/);
});

test("no more than 256 lines wait", () => {
  const output = new PassThrough();
  const log = openLog({ level: "info", format: "text", output });
  for (let each = 0; each < 255; each += 1) log.write("info", "line");
  assert.equal(output.read(), null);
  log.write("info", "line");
  assert.equal(String(output.read()).split("\n").length, 257);
});

test("controls are shown as escapes and long text is cut", () => {
  assert.equal(escapeControls("a\nb"), "a\\u000ab");
  assert.equal(escapeControls("x".repeat(300)).length, 259);
});

test("a log that nobody reads can be written to", async () => {
  silentLog.write("error", "x");
  await silentLog.flush();
  assert.equal(silentLog.debugs, false);
});

test("the time of a line is the one given, over seconds, days and leaps back", () => {
  for (const time of ["2026-11-22T10:33:12.070Z", "2026-11-22T10:33:12.007Z", "2026-11-22T10:33:11.999Z"])
    assert.equal(timestamp(Date.parse(time)), time);
  for (const step of [0, 1, 999, 1000, 86_400_000 - 1])
    assert.equal(timestamp(1_795_343_592_000 + step), new Date(1_795_343_592_000 + step).toISOString());
});

test("a line that has waited has the time at which it was logged", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_795_343_592_000 });
  const { log, lines } = listen({ format: "json" });
  log.write("info", "first");
  context.mock.timers.setTime(1_795_343_592_090);
  log.write("info", "second");
  const times = (await lines()).map((line) => (JSON.parse(line) as { time: string }).time);
  assert.deepEqual(times, ["2026-11-22T10:33:12.000Z", "2026-11-22T10:33:12.090Z"]);
});
