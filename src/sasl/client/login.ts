/** LOGIN as a client says it (draft-murchison-sasl-login-00): the name, then the password, whatever the prompts say. */
import { scripted, type ClientExchange } from "./exchange.ts";
import type { PasswordCredentials } from "./plain.ts";

export function loginClient({ username, password }: Omit<PasswordCredentials, "authzid">): ClientExchange {
  return scripted("LOGIN", true, undefined, [() => Buffer.from(username), () => Buffer.from(password)]);
}
