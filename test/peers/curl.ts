/** curl as a mail client: reads the first message, or sends one. */
import type { Login, Outcome } from "./login.ts";
import { run } from "./programs.ts";

const PATHS = { pop3: "/1", imap: "/INBOX;MAILINDEX=1", smtp: "/client.example.com" };

/** `interfaceAddress`: the address to come from, any in 127.0.0.0/8. */
export async function visitByCurl(login: Login, interfaceAddress?: string): Promise<Outcome> {
  const { protocol, mechanism, tls, host, port, user, password, ca } = login;
  const scheme = tls === "TLS" ? `${protocol}s` : protocol;
  const sending = ["--mail-from", login.sender, "--mail-rcpt", login.recipient, "--upload-file", "-"];
  const args = [
    ...["--silent", "--show-error", "--verbose", "--max-time", "20", "--cacert", ca],
    ...["--user", `${user}:${password}`, "--login-options", `AUTH=${mechanism}`],
    ...(interfaceAddress === undefined ? [] : ["--interface", interfaceAddress]),
    ...(tls === "STARTTLS" ? ["--ssl-reqd"] : []),
    ...(protocol === "smtp" ? sending : []),
    `${scheme}://${host}:${port}${PATHS[protocol]}`,
  ];
  const { code, stdout, said } = await run("curl", args, { input: login.message });
  return { isIn: code === 0, mail: stdout.toString("latin1"), said };
}
