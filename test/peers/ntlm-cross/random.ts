/** Random accounts and choices that one number repeats: a failure names it, POSTERN_CROSS_SEED sets it. */
import { randomInt } from "node:crypto";
import { inspect } from "node:util";
import { NegotiateFlag as Flag } from "../../../src/ntlm/flags.ts";

/** Flags that a client may ask for or not, whatever the scheme. */
export const CLIENT_CHOICES = [
  Flag.NTLMSSP_NEGOTIATE_SIGN,
  Flag.NTLMSSP_NEGOTIATE_SEAL,
  Flag.NTLMSSP_NEGOTIATE_128,
  Flag.NTLMSSP_NEGOTIATE_56,
  Flag.NTLMSSP_NEGOTIATE_KEY_EXCH,
  Flag.NTLMSSP_NEGOTIATE_ALWAYS_SIGN,
  Flag.NTLMSSP_NEGOTIATE_VERSION,
  Flag.NTLMSSP_NEGOTIATE_IDENTIFY,
  Flag.NTLMSSP_REQUEST_TARGET,
];

/** The environment variable that repeats a run. */
const SEED = "POSTERN_CROSS_SEED";

/** Mulberry32: small, fast, and the same everywhere; nothing here is a secret. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** Each of them or not. */
  some<T>(choices: readonly T[], probability = 0.5): T[] {
    return choices.filter(() => this.chance(probability));
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  text(alphabet: string, length: number): string {
    const letters = [...alphabet];
    return Array.from({ length }, () => letters[this.below(letters.length)]).join("");
  }
}

/** One for each exchange of a run: the first number is the run's, and printed with what fails. */
export function randoms(count: number): readonly Random[] {
  const given = process.env[SEED];
  const first = given === undefined ? randomInt(2 ** 31) : Number(given);
  return Array.from({ length: count }, (_, index) => new Random((first + index) >>> 0));
}

/** Runs the check and adds to its complaint how to repeat it. */
export async function repeatable(random: Random, about: unknown, check: () => void | Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${SEED}=${random.seed} repeats it: ${why}\n${inspect(about)}`, { cause: error });
  }
}

/** Letters whose upper case is one UTF-16 unit for everybody: where implementations differ is a test of its own. */
const SCRIPTS: readonly [string, ...string[]] = [
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.$'+ ",
  "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÀÖØÞ",
  "ąćęłńóśźżčďěňřšťůžőűĂŞ",
  "абвгдежзийклмнопрстуфхцчшщъыьэюяЁЖЩ",
  "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώΔΩ",
  "אבגדהוזחטיכלמנסעפצקרשת",
  "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
  "अआइईउऊकखगघचछजझटठडढतथदधनपफबभमयरलवशषसह",
  "กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
  "日本語山田太郎漢字かなカナ",
  "김철수이영희박민준",
  "😀🎉🔑𝄞𠀀",
];

/** ß and ﬁ become two letters for some; ı, ſ and µ leave their script; Deseret has two units; Georgian has capitals since 2018. */
export const ODD_NAMES = [
  "straße",
  "ﬁona",
  "ŉame",
  "ışık",
  "ſara",
  "µuser",
  "ÿves",
  "ǆon",
  "𐐨𐐩",
  "გიორგი",
  "ά́ΐ",
  "ᾳ",
  "ꭰ",
];

export interface Account {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

/** Names of one to twice `longest` letters in one script or several; domains are empty at times. */
export function account(random: Random, longest = 90): Account {
  const long = random.chance(0.1);
  const word = (): string => trimmed(random, random.text(random.pick(SCRIPTS), 1 + random.below(long ? longest : 12)));
  const domain = random.chance(0.2) ? "" : word();
  return { user: random.chance(0.2) ? word() + word() : word(), domain, password: password(random) };
}

export function password(random: Random): string {
  const length = random.pick([0, 1, 7, 8, 14, 15, 30, 120]);
  return random.text(random.pick(SCRIPTS) + '!"§%&/()=?*#;,<>|~', Math.max(1, length));
}

/** LM hashes are the same for everybody only in ASCII and up to 14 characters; the key of LM_KEY is made from them. */
export function hasLmHash(secret: string): boolean {
  return /^[\x20-\x7e]{1,14}$/.test(secret);
}

/** Blanks at the ends get lost on command lines and in files of users. */
function trimmed(random: Random, name: string): string {
  const inner = name.trim();
  return inner === "" ? random.text("xyz", 1) : inner;
}
