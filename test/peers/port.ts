/** Whether somebody listens on a port of loopback. */
import { connect } from "node:net";
import { LOOPBACK } from "./programs.ts";

export function answersAt(port: number): Promise<boolean> {
  const socket = connect(port, LOOPBACK);
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
