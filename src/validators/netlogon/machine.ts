/** Our machine account at a controller: a session under whichever of its passwords holds there. */
import { NtStatus } from "../../core/nt-status.ts";
import type { Secret } from "../../core/secret.ts";
import { NetlogonError } from "../../netlogon/error.ts";
import type { DomainController, MachineAccount, NetlogonSession } from "../../netlogon/netlogon.ts";
import { establishSession } from "../../netlogon/session.ts";
import { ntHash } from "../../ntlm/hashes.ts";
import type { Log } from "../file/log.ts";
import { passwordsOf, readState, writeState, type MachineState } from "./machine-state.ts";

export interface MachineNames {
  /** NetBIOS. */
  readonly domain: string;
  readonly computer: string;
}

export interface Machine extends MachineNames {
  /** The state file, read anew for each session: another process may have changed the password. */
  readonly path: string;
  readonly log: Log;
}

/** Throws Error where the state file is missing or another machine's; else NetlogonError. */
export async function establish(machine: Machine, at: DomainController, timeout: number): Promise<NetlogonSession> {
  const state = stateOf(machine);
  let refused: unknown;
  for (const password of passwordsOf(state)) {
    try {
      const session = await establishSession(at, accountWith(machine, password), { timeout });
      noteHeld(machine, state, password, at);
      return session;
    } catch (error) {
      if (!isWrongPassword(error)) throw error;
      refused = error;
    }
  }
  throw refused;
}

/** The file's words, if they are about this machine. Throws Error with a sentence for the administrator. */
export function stateOf({ path, domain, computer }: Pick<Machine, "path"> & MachineNames): MachineState {
  const state = readState(path);
  if (state.domain.toUpperCase() === domain.toUpperCase() && state.computer.toUpperCase() === computer.toUpperCase())
    return state;
  throw new Error(`${path} is for ${state.domain}\\${state.computer}, not for ${domain}\\${computer}`);
}

export function accountWith({ domain, computer }: MachineNames, password: Secret): MachineAccount {
  return { domain, computer, ntHash: ntHash(password.reveal()) };
}

export function isWrongPassword(error: unknown): boolean {
  return error instanceof NetlogonError && error.kind === "refused" && error.status === NtStatus.ACCESS_DENIED;
}

/** A pending password that let us in is the password from now on. */
function noteHeld(machine: Machine, { pending, previous }: MachineState, held: Secret, at: DomainController) {
  if (held === previous) {
    const message = "the domain controller knows only our previous machine password: has it heard of the change yet?";
    machine.log("warn", message, { controller: at.host });
  }
  if (held !== pending) return;
  try {
    confirm(machine.path, held);
  } catch (error) {
    machine.log("warn", "the new machine password holds, but this could not be noted", { error: String(error) });
  }
}

/** A pending password has let us in. Another process may have been faster, and have begun the next change. */
export function confirm(path: string, held: Secret): void {
  const { pending, password, ...state } = readState(path);
  if (pending?.reveal() !== held.reveal()) return;
  writeState(path, { ...state, password: held, previous: password, changed: new Date() });
}
