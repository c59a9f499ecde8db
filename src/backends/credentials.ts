/** With which name and password Postern logs on at a backend: never with anything of NTLM, whose proof is good only here. */
import type { Guest, LogonMethod } from "../core/backend.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly authzid: string | undefined;
}

const UNSAFE = /[\0\r\n]/;

/** The credentials, or why there are none (a sentence for the log). */
export function credentialsFor(logon: LogonMethod, guest: Guest): Credentials | string {
  const found = choose(logon, guest);
  if (typeof found === "string") return found;
  // These would end a command line or a PLAIN field; every protocol's encoding counts on their absence.
  if (found.user === "" || found.authzid === "") return "the backend's user name is empty";
  const isUnsafe = UNSAFE.test(found.user) || UNSAFE.test(found.password) || UNSAFE.test(found.authzid ?? "");
  return isUnsafe ? "the backend's user name or password has control characters" : found;
}

function choose(logon: LogonMethod, guest: Guest): Credentials | string {
  const { mailbox, attributes } = guest.identity;
  switch (logon.method) {
    case "password":
      if (!guest.password) return "this backend wants the client's own password, which this mechanism does not show";
      return { user: mailbox, password: guest.password.reveal(), authzid: undefined };
    case "master":
      // The server behind would split it elsewhere, and open another's mailbox.
      if (mailbox === "" || mailbox.includes(logon.separator))
        return "the mailbox has the separator in its name, or none";
      return { user: mailbox + logon.separator + logon.user, password: logon.password.reveal(), authzid: undefined };
    case "authzid":
      return { user: logon.user, password: logon.password.reveal(), authzid: mailbox };
    case "account": {
      const password = "password" in logon ? logon.password.reveal() : attributeOf(attributes, logon.passwordAttribute);
      if (password === undefined) return "the user has no attribute with the backend's password";
      return { user: fillTemplate(logon.user, guest), password, authzid: undefined };
    }
  }
}

/** `{user}`, `{domain}`, `{mailbox}` and `{attr.NAME}`; a missing one is empty. */
export function fillTemplate(template: string, { identity }: Guest): string {
  if (template === "{mailbox}") return identity.mailbox;
  return template.replace(/\{(user|domain|mailbox|attr\.([^{}]+))\}/g, (_whole, key: string, attribute?: string) => {
    if (attribute !== undefined) return attributeOf(identity.attributes, attribute) ?? "";
    return identity[key as "user" | "domain" | "mailbox"] ?? "";
  });
}

/** Its own ones only: every object has something called `constructor`. */
function attributeOf(attributes: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}
