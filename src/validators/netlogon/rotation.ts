/** A new machine password (NetrServerPasswordSet2): written down before it is sent, believed once a controller takes it. */
import { NetlogonError } from "../../netlogon/error.ts";
import { changeMachinePassword } from "../../netlogon/machine-password.ts";
import type { DomainController } from "../../netlogon/netlogon.ts";
import { establishSession } from "../../netlogon/session.ts";
import type { Controllers } from "./controllers.ts";
import { accountWith, confirm, isWrongPassword, stateOf, type Machine } from "./machine.ts";
import { newMachinePassword, writeState, type MachineState } from "./machine-state.ts";
import { underLock } from "./state-lock.ts";

export type MachineToRotate = Pick<Machine, "path" | "domain" | "computer">;

/**
 * Throws Error or NetlogonError; whatever happens, the state file holds the password that is right. `isDue`: looked at
 * once nobody else can change it any more.
 */
export async function rotateMachinePassword(
  machine: MachineToRotate,
  at: DomainController,
  timeout: number,
  isDue: (state: MachineState) => boolean = () => true,
): Promise<boolean> {
  return underLock(machine.path, async () => {
    if (!isDue(stateOf(machine))) return false;
    const state = await settle(machine, at, timeout);
    const { password } = state;
    const pending = newMachinePassword();
    writeState(machine.path, { ...state, pending });
    try {
      await changeMachinePassword(at, accountWith(machine, password), pending, { timeout });
    } catch (error) {
      // Only a plain no is sure to have changed nothing.
      if (error instanceof NetlogonError && error.kind === "refused") writeState(machine.path, state);
      throw error;
    }
    await establishSession(at, accountWith(machine, pending), { timeout });
    confirm(machine.path, pending);
    return true;
  });
}

/** Which password holds now: after a change that was broken off there are two that may. */
async function settle(machine: MachineToRotate, at: DomainController, timeout: number): Promise<MachineState> {
  const state = stateOf(machine);
  const { pending } = state;
  if (pending === undefined) return state;
  try {
    await establishSession(at, accountWith(machine, pending), { timeout });
  } catch (error) {
    if (!isWrongPassword(error)) throw error;
    const { pending: _gone, ...settled } = state;
    return settled;
  }
  confirm(machine.path, pending);
  return stateOf(machine);
}

export interface RotatorOptions {
  readonly machine: Machine;
  readonly controllers: Controllers;
  /** Milliseconds after which the password is old. */
  readonly age: number;
  readonly timeout: number;
}

/** Milliseconds from one look to the next. */
const LOOK = 3_600_000;
/** Of the first, so that a restart in the middle of the night does not come before everything else. */
const FIRST_LOOK = 60_000;

/** Looks every hour whether the password is old, and changes it where it is. */
export function rotator({ machine, controllers, age, timeout }: RotatorOptions): { stop(): void } {
  const look = async (): Promise<void> => {
    try {
      if (!isOld(stateOf(machine), age)) return;
      const [at] = (await controllers.all()).filter(({ outage }) => outage === undefined);
      if (!at) return;
      const isDone = await rotateMachinePassword(machine, at.address, timeout, (state) => isOld(state, age));
      if (isDone) machine.log("info", "the machine password was changed", { controller: at.title });
    } catch (error) {
      machine.log("warn", "the machine password could not be changed", { error: String(error) });
    }
  };
  let timer = setTimeout(function again() {
    void look();
    timer = setTimeout(again, LOOK).unref();
  }, FIRST_LOOK).unref();
  return { stop: () => clearTimeout(timer) };
}

function isOld({ changed }: MachineState, age: number): boolean {
  return Date.now() - changed.getTime() > age;
}
