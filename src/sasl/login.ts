/**
 * LOGIN (draft-murchison-sasl-login-00): prompts for a name, then a password. The prompts are the ones that printers
 * insist on, `Username:` and `Password:`, not the draft's. Outlook sends the name with the command.
 */
import { Secret } from "../core/secret.ts";
import { textOf, type Mechanism } from "./mechanism.ts";
import { judgePassword } from "./password.ts";

const USERNAME_PROMPT = Buffer.from("Username:");
const PASSWORD_PROMPT = Buffer.from("Password:");

export const login: Mechanism<"password"> = {
  name: "LOGIN",
  needs: "password",
  plaintext: true,
  async *exchange(initial, judge, visit) {
    const username = textOf(initial?.length ? initial : yield USERNAME_PROMPT);
    const password = new Secret(textOf(yield PASSWORD_PROMPT));
    return judgePassword({ username, password }, judge, visit);
  },
};
