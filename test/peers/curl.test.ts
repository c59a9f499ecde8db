/** curl: NTLMv2 (without a MIC), PLAIN and LOGIN, in all three protocols. */
import { visitByCurl } from "./curl.ts";
import { testClient, ways } from "./matrix.ts";
import { versionOf, without } from "./programs.ts";

const ALL = ["none", "STARTTLS", "TLS"] as const;
const ENCRYPTED = ["STARTTLS", "TLS"] as const;

testClient({
  name: "curl",
  version: versionOf("curl"),
  missing: without("curl"),
  ntlm: "v2",
  ways: [
    ...ways(["pop3", "imap", "smtp"], ["NTLM"], ALL),
    ...ways(["pop3", "imap", "smtp"], ["PLAIN", "LOGIN"], ENCRYPTED),
  ],
  visit: (login) => visitByCurl(login),
});
