/** Samba's ntlm_auth in its helper roles: lines of two letters and base64. It needs no domain when it is told a password. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Account } from "./random.ts";
import { LinePeer } from "./line-peer.ts";

export type HelperRole = "squid-2.5-ntlmssp" | "ntlmssp-client-1" | "gss-spnego" | "gss-spnego-client";

export class NtlmAuth {
  readonly #peer: LinePeer;
  readonly #room = mkdtempSync(join(tmpdir(), "postern-ntlm-auth-"));

  /** `options` are lines of smb.conf. Servers take any user name; the password is what they know. */
  constructor(
    role: HelperRole,
    { user, domain, password }: Account,
    options: readonly string[] = [],
    more: readonly string[] = [],
  ) {
    // A configuration of its own: Debian's may name another workgroup and another code page.
    const config = join(this.#room, "smb.conf");
    const places = ["private dir", "lock directory", "state directory", "cache directory", "pid directory"];
    const lines = ["workgroup = CROSS", "netbios name = PEER", ...places.map((each) => `${each} = ${this.#room}`)];
    writeFileSync(config, ["[global]", ...lines, ...options, ""].join("\n"));
    this.#peer = new LinePeer("ntlm_auth", [
      ...[`--helper-protocol=${role}`, `--username=${user}`, `--domain=${domain}`, `--password=${password}`],
      ...[`--configfile=${config}`, ...more],
    ]);
  }

  /** "TT", [base64] from the line "TT base64". */
  async ask(command: string, bytes?: Uint8Array): Promise<readonly [string, string]> {
    const line = await this.#peer.ask(bytes ? `${command} ${Buffer.from(bytes).toString("base64")}` : command);
    const blank = line.indexOf(" ");
    return blank < 0 ? [line, ""] : [line.slice(0, blank), line.slice(blank + 1)];
  }

  /** The bytes in an answer that has to begin with `expected`. */
  async bytes(expected: string, command: string, bytes?: Uint8Array): Promise<Buffer> {
    const [word, rest] = await this.ask(command, bytes);
    if (word !== expected) throw new Error(`${command}: expected ${expected}, got ${word} ${rest}`);
    return Buffer.from(rest.trim().replace(/ \*$/, ""), "base64");
  }

  async end(): Promise<void> {
    await this.#peer.end();
    rmSync(this.#room, { recursive: true, force: true });
  }
}
