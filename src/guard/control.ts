/**
 * The way in for `postern unlock`: a Unix socket that only the service's own user, and root, may open. One request of one
 * line, JSON; one answer of one line, JSON; then it is closed.
 */
import { chmodSync, lstatSync, rmSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { z } from "zod";
import type { Guard } from "./guard.ts";
import { listLocks, unlock, type Lock } from "./locks.ts";

/** A name and what is around it. */
const REQUEST_LIMIT = 4_096;
/** Ten thousand locks with the longest names. */
const ANSWER_LIMIT = 16 * 1024 * 1024;
/** Milliseconds for a request to arrive, and for an answer. */
const PATIENCE = 5_000;
const AT_ONCE = 8;
/** What the kernel has room for in sun_path, Linux unix(7), with the NUL. */
const PATH_LIMIT = 108;

const text = z.string().min(1).max(REQUEST_LIMIT);
const requestSchema = z.union([
  z.strictObject({ do: z.literal("list") }),
  z.strictObject({ do: z.literal("unlock"), account: text }),
  z.strictObject({ do: z.literal("unlock"), address: text }),
  z.strictObject({ do: z.literal("unlock"), all: z.literal(true) }),
]);
const lockSchema = z.object({
  kind: z.enum(["address", "network", "account", "budget"]),
  name: z.string(),
  validator: z.string().optional(),
  ...{ failures: z.number(), lockedFor: z.number() },
});
const answerSchema = z.union([
  z.object({ locks: z.array(lockSchema) }),
  z.object({ unlocked: z.number() }),
  z.object({ error: z.string() }),
]);

export type Request = z.output<typeof requestSchema>;
export type Answer = { readonly locks: readonly Lock[] } | { readonly unlocked: number } | { readonly error: string };

export interface Control {
  close(): Promise<void>;
}

/** Another gateway is alive with the same socket, and so with the same state. */
export class ControlTaken extends Error {
  override readonly name = "ControlTaken";
}

/** Rejects with the system's error, with ControlTaken where another process listens there. */
export async function openControl(path: string, guard: Guard): Promise<Control> {
  if (Buffer.byteLength(path) >= PATH_LIMIT) throw new Error(`${path} is too long for a socket`);
  await clearWay(path);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket.on("close", () => open.delete(socket)));
    serve(socket, guard);
  });
  server.maxConnections = AT_ONCE;
  await listenPrivately(server, path);
  return {
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A process that died leaves its socket behind; one that lives answers there. Nothing else is ever removed. */
async function clearWay(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error("there is something else in its place");
  const socket = connect(path);
  try {
    await once(socket, "connect");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw error;
    rmSync(path, { force: true });
    return;
  } finally {
    socket.destroy();
  }
  throw new ControlTaken("another process listens there");
}

/** The umask makes it private from the first moment: listen() binds before it returns. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const listening = once(server, "listening");
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await listening;
  chmodSync(path, 0o600);
  server.unref();
}

function serve(socket: Socket, guard: Guard): void {
  socket.setTimeout(PATIENCE, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  readLine(socket, REQUEST_LIMIT).then(
    (line) => socket.end(`${JSON.stringify(answerTo(line, guard))}\n`),
    () => socket.destroy(),
  );
}

function answerTo(line: string, guard: Guard): Answer {
  const request = requestSchema.safeParse(parseJson(line));
  if (!request.success) return { error: "not understood" };
  const { data } = request;
  return data.do === "list" ? { locks: listLocks(guard) } : { unlocked: unlock(guard, data) };
}

/** Rejects with the system's error where nobody listens, and where the answer makes no sense. */
export async function askControl(path: string, request: Request): Promise<Answer> {
  const socket = connect(path);
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error("no answer in time")));
  try {
    await once(socket, "connect");
    socket.end(`${JSON.stringify(request)}\n`);
    const answer = answerSchema.safeParse(parseJson(await readLine(socket, ANSWER_LIMIT)));
    if (!answer.success) throw new Error("the answer makes no sense");
    return answer.data as Answer;
  } finally {
    socket.destroy();
  }
}

/** Rejects when it is longer, or when the connection ends before. */
async function readLine(socket: Socket, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw new Error("the line is too long");
    chunks.push(chunk);
    if (chunk.includes(10)) return Buffer.concat(chunks).toString("utf8").split("\n", 1)[0]!;
  }
  throw new Error("the connection ended");
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
