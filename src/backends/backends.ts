/** All backends behind one door: routing, logging on, and what their SMTP servers can do. */
import type { Backends, Guest, Route } from "../core/backend.ts";
import type { Visit } from "../core/visit.ts";
import type { Extensions } from "../protocols/front.ts";
import type { Welcome } from "../protocols/enter.ts";
import { askExtensions } from "../protocols/smtp/enter.ts";
import { talkTo } from "../wire/connect.ts";
import { enterBackend, type Backend } from "./backend.ts";
import { makeRouter, reachable, type Router } from "./route.ts";

export class RoutedBackends implements Backends {
  readonly #backends: ReadonlyMap<string, Backend>;
  readonly #routes: readonly Route[];
  readonly #router: Router;
  /** EHLO lists by backend, renewed when a logon shows another one. */
  readonly #extensions = new Map<string, Extensions>();
  readonly #heard = new Map<string, string>();
  readonly #common = new Map<string, Extensions>();

  constructor(backends: readonly Backend[], routes: readonly Route[]) {
    this.#backends = new Map(backends.map((backend) => [backend.name, backend]));
    this.#routes = routes;
    this.#router = makeRouter(routes);
  }

  async enter(guest: Guest, visit: Visit): ReturnType<Backends["enter"]> {
    const name = this.#router(guest.identity, visit);
    const backend = name === undefined ? undefined : this.#backends.get(name);
    if (!backend) return { kind: "unavailable", backend: "", why: `no route for ${guest.identity.user}` };
    return enterBackend(backend, guest, visit, (welcome) => this.#learn(backend.name, welcome));
  }

  /** What a client of this listener may be promised before it is known where it will end: what all of them have. */
  extensionsFor(listener: string): Extensions {
    const known = this.#common.get(listener);
    if (known) return known;
    const lists = reachable(this.#routes, listener).map(
      (name) => this.#extensions.get(name) ?? new Map<string, string>(),
    );
    const common = intersect(lists);
    this.#common.set(listener, common);
    return common;
  }

  /** Asks every SMTP server once, so that the first client sees a true list. Failures are told to `report`. */
  async learnExtensions(report: (why: string) => void): Promise<void> {
    const asking = [...this.#backends.values()].map(async (backend) => {
      const server = backend.servers.smtp;
      if (!server) return;
      const starttls = server.tls === "starttls" ? server.clientTls : undefined;
      try {
        const extensions = await talkTo(server, backend.times, async (wire) => {
          const list = await askExtensions(wire, { serverName: backend.serverName, starttls });
          wire.close();
          return list;
        });
        this.#learn(backend.name, { extensions });
      } catch (error) {
        report(`backend ${backend.name} (${server.host}:${server.port}): ${(error as Error).message}`);
      }
    });
    await Promise.all(asking);
  }

  #learn(backend: string, { extensions }: Welcome): void {
    if (!extensions || extensions.join("\n") === this.#heard.get(backend)) return;
    this.#heard.set(backend, extensions.join("\n"));
    const list = extensions.map((line): [string, string] => {
      const [keyword = "", ...parameters] = line.split(" ");
      return [keyword.toUpperCase(), parameters.join(" ")];
    });
    this.#extensions.set(backend, new Map(list));
    this.#common.clear();
  }
}

/** Keywords that all have; of the sizes the smallest (0 means no limit, RFC 1870). */
function intersect([first, ...others]: readonly Extensions[]): Extensions {
  if (!first) return new Map();
  const common = [...first].filter(([keyword]) => others.every((list) => list.has(keyword)));
  const sizes = [first, ...others].map((list) => Number(list.get("SIZE")) || Infinity);
  const size = Math.min(...sizes);
  return new Map(
    common.map(([keyword, text]) => [keyword, keyword === "SIZE" ? String(size === Infinity ? "" : size) : text]),
  );
}
