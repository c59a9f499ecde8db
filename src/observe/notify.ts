/**
 * Tells systemd how we are (sd_notify(3), Type=notify). Node has no datagram Unix sockets, so systemd's own small
 * program passes the message on; the unit therefore has NotifyAccess=all. Nothing happens outside systemd.
 */
import { spawn } from "node:child_process";

export function notify(state: string): void {
  if (process.env["NOTIFY_SOCKET"] === undefined) return;
  const child = spawn("systemd-notify", [`--pid=${process.pid}`, ...state.split("\n")], { stdio: "ignore" });
  child.on("error", () => undefined);
}
