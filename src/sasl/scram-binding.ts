/** Channel bindings for SCRAM's -PLUS forms: `tls-exporter` (RFC 9266) and `tls-server-end-point` (RFC 5929 section 4). */
import type { TlsFacts, Visit } from "../core/visit.ts";

/** Data of the binding that a client names; undefined: not a type of ours, or not to be had on this connection. */
export function bindingData(type: string, tls: TlsFacts | undefined): Uint8Array | undefined {
  if (type === "tls-exporter") return tls?.exporter?.();
  return type === "tls-server-end-point" ? tls?.serverEndPoint : undefined;
}

/** Whether this connection can be bound at all, so that -PLUS is offered on it. */
export function isBindable({ tls }: Visit): boolean {
  return tls?.exporter !== undefined || tls?.serverEndPoint !== undefined;
}
