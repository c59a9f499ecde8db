/** The VERSION structure, MS-NLMP 2.2.2.10; for people who debug, it decides nothing. */

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
  /** NTLMRevisionCurrent, 15 since Windows XP SP2. */
  readonly revision: number;
}

export const VERSION_LENGTH = 8;

/** What we say of ourselves when a client asks for it: the last version whose number Windows still counts up. */
export const OUR_VERSION: Version = { major: 10, minor: 0, build: 0, revision: 15 };

export function readVersion(message: Buffer, at: number): Version {
  return {
    major: message[at] ?? 0,
    minor: message[at + 1] ?? 0,
    build: message.readUInt16LE(at + 2),
    revision: message[at + 7] ?? 0,
  };
}

export function writeVersion(message: Buffer, at: number, version: Version): void {
  message[at] = version.major;
  message[at + 1] = version.minor;
  message.writeUInt16LE(version.build, at + 2);
  message[at + 7] = version.revision;
}
