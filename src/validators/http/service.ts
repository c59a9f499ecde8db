/** The web service: a JSON object is sent, a JSON object comes back in time, or a sentence says why not. */
import type { Unavailable } from "../../core/verdict.ts";
import { Gate } from "../gate.ts";
import { checkedUrl, Http, HttpFailure, parseObject, type HttpAnswer } from "../web.ts";
import { runWithin } from "./deadline.ts";
import { authenticate } from "./authentication.ts";
import type { HttpOptions } from "./options.ts";

const TIMEOUT = 5000;
const CONCURRENCY = 16;
/** For each that is asked so many may wait: mail clients come back in crowds after an outage. */
const QUEUE = 8;

export type Answered = { readonly kind: "answer"; readonly body: Readonly<Record<string, unknown>> } | Unavailable;

export interface Service {
  /** Never rejects. */
  ask(question: object): Promise<Answered>;
  /** For messages. */
  readonly host: string;
  close(): void;
}

/** Throws Error with a sentence for the administrator about an address that may not be used. */
export function serviceAt(
  options: Pick<HttpOptions, "url" | "ca" | "authentication" | "timeout" | "concurrency">,
): Service {
  const { authentication, ca, timeout = TIMEOUT, concurrency = CONCURRENCY } = options;
  const url = checkedUrl(options.url);
  const http = new Http({ urls: [options.url], ca, timeout });
  const gate = new Gate(concurrency, concurrency * QUEUE);
  const late = unavailable(`${url.host} did not answer within ${timeout / 1000} s`);
  const send = async (body: string): Promise<Answered> => {
    try {
      const headers = {
        "content-type": "application/json",
        ...authenticate(authentication, { url, body, now: Date.now() }),
      };
      return understand(await http.request(url, { method: "POST", headers, body }), url.host);
    } catch (error) {
      if (error instanceof HttpFailure) return unavailable(error.message);
      throw error;
    }
  };
  return {
    host: url.host,
    ask: (question) => runWithin(gate, timeout, () => send(JSON.stringify(question)), { late, full: FULL }),
    close: () => http.close(),
  };
}

const FULL = unavailable("too many questions are waiting");

function understand(answer: HttpAnswer, host: string): Answered {
  const { status } = answer;
  if (status === 200) return { kind: "answer", body: parseObject(answer, host) };
  if (status === 401 || status === 403) return unavailable(`${host} refuses our own credentials (status ${status})`);
  if (status === 429) return unavailable(`${host} is asked more often than it likes (status 429)`);
  if (status >= 400 && status < 500)
    return unavailable(`${host} does not understand us (status ${status}): is the url right?`);
  return unavailable(`${host} answers with status ${status}`);
}

export function unavailable(why: string): Unavailable {
  return { kind: "unavailable", why };
}
