/** `postern netlogon rotate`: a new machine password, also while a gateway uses the old one. */
import type { Command } from "commander";
import { rotateMachinePassword } from "../../validators/netlogon/rotation.ts";
import { controllersOf, settingsOf, STEP_TIME, type SettingsOptions } from "./settings.ts";

export async function rotate(options: SettingsOptions, command: Command): Promise<void> {
  const settings = await settingsOf(options, command);
  const { domain, computer, state } = settings;
  const [at] = await controllersOf(settings);
  await rotateMachinePassword({ path: state, domain, computer }, at, STEP_TIME);
  if (options.json) return console.log(JSON.stringify({ domain, computer, controller: at.name, state }, undefined, 2));
  console.log(`${domain}\\${computer}$ has a new password at ${at.name}; it is in ${state}`);
}
