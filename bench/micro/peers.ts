/** The npm packages that Postern's NTLM is held against, with the types that two of them lack. */
import { createRequire } from "node:module";

export { ntlmParse } from "ntlm-parser";

interface HttpNtlm {
  parseType2Message(header: string, callback: (error: Error) => void): object;
  createType3Message(
    challenge: object,
    options: { username: string; password: string; domain: string; workstation: string },
  ): string;
}

interface EwsNtlm {
  decodeType2Message(header: string): object;
  createType3Message(
    challenge: object,
    username: string,
    password: string,
    workstation: string,
    target: string,
  ): string;
}

const require = createRequire(import.meta.url);

export const httpntlm = require("httpntlm/ntlm.js") as HttpNtlm;
export const ewsNtlm = require("@ewsjs/ntlm-client") as EwsNtlm;
