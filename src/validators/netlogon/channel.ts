/**
 * The way of one question to the domain: a place in the line, a connection, one submission. Each submission may count as a
 * wrong password, so a question goes out a second time only when the first certainly was not looked at.
 */
import { NtStatus, ntStatusName } from "../../core/nt-status.ts";
import { NetlogonError } from "../../netlogon/error.ts";
import type { NetlogonConnection, NetworkLogon, NetworkLogonReply } from "../../netlogon/netlogon.ts";
import { NoConnection, type Controller } from "./controller.ts";
import type { Controllers } from "./controllers.ts";

export type Answer =
  | { readonly kind: "reply"; readonly reply: NetworkLogonReply }
  /** Nobody knows. */
  | { readonly kind: "none"; readonly why: string };

/** What became of one submission. */
type Submission =
  | Answer
  /** Not looked at, because our key is stale: the same controller, with a new one. */
  | { readonly kind: "stale"; readonly why: string }
  /** Not looked at: another controller. */
  | { readonly kind: "elsewhere"; readonly why: string };

export interface ChannelSettings {
  /** Questions on their way at once, those that wait included. */
  readonly limit: number;
  /** Milliseconds for a question in all. */
  readonly timeout: number;
}

export class Channel {
  readonly #controllers: Controllers;
  readonly #settings: ChannelSettings;
  #asking = 0;
  #isClosed = false;

  constructor(controllers: Controllers, settings: ChannelSettings) {
    this.#controllers = controllers;
    this.#settings = settings;
  }

  /** Never rejects but for a fault of ours. */
  async ask(logon: NetworkLogon): Promise<Answer> {
    if (this.#isClosed) return none("the validator is closed");
    if (this.#asking >= this.#settings.limit) return none("too many logons are waiting for the domain");
    this.#asking++;
    try {
      return await this.#askInTurn(logon, performance.now() + this.#settings.timeout);
    } catch (error) {
      if (error instanceof LookupError) return none(error.message);
      throw error;
    } finally {
      this.#asking--;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#controllers.close();
  }

  async #askInTurn(logon: NetworkLogon, deadline: number): Promise<Answer> {
    const known = this.#controllers.all();
    const controllers = known instanceof Promise ? await within(deadline, known) : known;
    const failures: string[] = [];
    for (const controller of controllers) {
      const answer = await askOne(controller, logon, deadline);
      if (answer.kind !== "elsewhere") return answer;
      failures.push(answer.why);
    }
    return none(failures.join("; "));
  }
}

async function askOne(
  controller: Controller,
  logon: NetworkLogon,
  deadline: number,
): Promise<Exclude<Submission, { kind: "stale" }>> {
  const first = await leaseAndSubmit(controller, logon, deadline);
  if (first.kind !== "stale") return first;
  const second = await leaseAndSubmit(controller, logon, deadline);
  return second.kind === "stale" ? none(second.why) : second;
}

async function leaseAndSubmit(controller: Controller, logon: NetworkLogon, deadline: number): Promise<Submission> {
  for (;;) {
    let connection: NetlogonConnection;
    try {
      connection = await controller.lease(Math.max(deadline - performance.now(), 0));
    } catch (error) {
      if (!(error instanceof NoConnection)) throw error;
      return { kind: error.isDown ? "elsewhere" : "none", why: error.message };
    }
    // It may have ended while it was handed over.
    if (!connection.isOpen) continue;
    try {
      return await submit(controller, connection, logon, Math.max(deadline - performance.now(), 1));
    } finally {
      controller.release(connection);
    }
  }
}

async function submit(
  controller: Controller,
  connection: NetlogonConnection,
  logon: NetworkLogon,
  timeout: number,
): Promise<Submission> {
  try {
    const reply = await connection.logon(logon, { timeout });
    const why = `${controller.title} answers ${ntStatusName(reply.status)}`;
    // It looks at nobody's password before it has come up.
    if (reply.status === NtStatus.NETLOGON_NOT_STARTED) return { kind: "elsewhere", why };
    if (reply.status !== NtStatus.ACCESS_DENIED) return { kind: "reply", reply };
    controller.renew(connection);
    return { kind: "stale", why };
  } catch (error) {
    if (!(error instanceof NetlogonError)) throw error;
    const why = `${controller.title}: ${error.message}`;
    if (error.kind === "timeout") controller.suspect();
    if (!error.isKeyStale) return none(why);
    controller.renew(connection);
    return { kind: "stale", why };
  }
}

function none(why: string): Answer & { readonly kind: "none" } {
  return { kind: "none", why };
}

/** Throws LookupError where it does not come in time or cannot be had. */
async function within(deadline: number, found: Promise<readonly Controller[]>): Promise<readonly Controller[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const time = Math.max(deadline - performance.now(), 0);
    timer = setTimeout(() => reject(new Error("no domain controllers were found in time")), time);
  });
  try {
    return await Promise.race([found, late]);
  } catch (error) {
    throw new LookupError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Nobody knows where to ask. */
class LookupError extends Error {
  override readonly name = "LookupError";
}
