/**
 * Tells systemd how we are (sd_notify(3), Type=notify). Node has no datagram Unix sockets, so systemd's own small
 * program passes the message on; the unit therefore has NotifyAccess=all. Nothing happens outside systemd.
 */
import { spawn } from "node:child_process";

/** One after the other: a READY=1 that overtakes its RELOADING=1 would leave the unit "reloading" for ever. */
let last: Promise<void> = Promise.resolve();

/** `state` is one assignment a line. `report` hears why systemd could not be told; it will then wait in vain. */
export function notify(state: string, report: (why: string) => void): Promise<void> {
  if (process.env["NOTIFY_SOCKET"] !== undefined) last = last.then(() => send(state.split("\n"), report));
  return last;
}

function send(assignments: readonly string[], report: (why: string) => void): Promise<void> {
  const child = spawn("systemd-notify", [`--pid=${process.pid}`, ...assignments], { stdio: "ignore" });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      report(`systemd-notify: ${error.message}`);
      resolve();
    });
    child.on("exit", (code) => {
      if (code !== 0) report(`systemd-notify has ended with ${code}`);
      resolve();
    });
  });
}
