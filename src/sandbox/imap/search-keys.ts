/** Search keys (RFC 3501 section 6.4.4), read into a test that a message passes or fails. */
import { dayOfHeader, dayOfInternalDate, parseDay } from "./dates.ts";
import { BadSyntax, type Scanner } from "./grammar.ts";
import { membership, parseNumberSet } from "./number-set.ts";
import type { Candidate } from "./search-candidate.ts";

export type Test = (candidate: Candidate) => boolean;

/** What `*` stands for in the selected mailbox. */
export interface Largest {
  readonly sequence: number;
  readonly uid: number;
}

/** Keys in one SEARCH, and keys within keys: bounds on work that a line of 8 KiB could order. */
const MAX_KEYS = 100;
const MAX_DEPTH = 20;

/** Keys without arguments. */
const FLAG_TESTS: Readonly<Record<string, Test>> = {
  ALL: () => true,
  ANSWERED: has("\\Answered"),
  DELETED: has("\\Deleted"),
  DRAFT: has("\\Draft"),
  FLAGGED: has("\\Flagged"),
  SEEN: has("\\Seen"),
  RECENT: ({ recent }) => recent,
  NEW: ({ recent, message }) => recent && !message.flags.has("\\Seen"),
  OLD: ({ recent }) => !recent,
  UNANSWERED: not(has("\\Answered")),
  UNDELETED: not(has("\\Deleted")),
  UNDRAFT: not(has("\\Draft")),
  UNFLAGGED: not(has("\\Flagged")),
  UNSEEN: not(has("\\Seen")),
};

/** Keys that search one header field for the text that follows. */
const FIELDS: ReadonlySet<string> = new Set(["BCC", "CC", "FROM", "SUBJECT", "TO"]);

export class SearchKeyReader {
  readonly #args: Scanner;
  readonly #largest: Largest;
  #keys = 0;

  constructor(args: Scanner, largest: Largest) {
    this.#args = args;
    this.#largest = largest;
  }

  /** `key SP key ...` to the end of the command: all must hold. */
  all(): Test {
    const tests = [this.#key(0)];
    while (!this.#args.atEnd) {
      this.#args.space();
      if (!this.#args.atEnd) tests.push(this.#key(0));
    }
    return conjunction(tests);
  }

  #key(depth: number): Test {
    if (++this.#keys > MAX_KEYS || depth > MAX_DEPTH) throw new BadSyntax("That is too much to search for at once");
    if (this.#args.next("(")) return conjunction(this.#args.list(() => this.#key(depth + 1)));
    if (this.#args.nextIsDigit || this.#args.next("*")) return this.#sequence();
    const name = this.#args.atom().toUpperCase();
    const flagTest = Object.hasOwn(FLAG_TESTS, name) ? FLAG_TESTS[name] : undefined;
    if (flagTest !== undefined) return flagTest;
    this.#args.space();
    return FIELDS.has(name) ? this.#header(name.toLowerCase()) : this.#withArgument(name, depth);
  }

  #withArgument(name: string, depth: number): Test {
    switch (name) {
      case "NOT":
        return not(this.#key(depth + 1));
      case "OR":
        return this.#or(depth);
      case "UID":
        return this.#uid();
      case "HEADER":
        return this.#anyHeader();
      case "BODY":
      case "TEXT":
        return this.#text(name === "TEXT");
      case "KEYWORD":
      case "UNKEYWORD":
        return this.#keyword(name === "KEYWORD");
      case "LARGER":
      case "SMALLER":
        return this.#size(name === "LARGER");
      default:
        return this.#date(name);
    }
  }

  #or(depth: number): Test {
    const one = this.#key(depth + 1);
    this.#args.space();
    const other = this.#key(depth + 1);
    return (candidate) => one(candidate) || other(candidate);
  }

  #sequence(): Test {
    const within = membership(parseNumberSet(this.#args.numberSet()), this.#largest.sequence);
    return ({ sequence }) => within(sequence);
  }

  #uid(): Test {
    const within = membership(parseNumberSet(this.#args.numberSet()), this.#largest.uid);
    return ({ message }) => within(message.uid);
  }

  #anyHeader(): Test {
    const field = this.#args.astring().toLowerCase();
    this.#args.space();
    return this.#header(field);
  }

  #header(field: string): Test {
    const text = this.#args.astring().toLowerCase();
    return (candidate) => candidate.field(field).some((value) => value.includes(text));
  }

  #text(headerToo: boolean): Test {
    const text = this.#args.astring().toLowerCase();
    return (candidate) =>
      (headerToo && candidate.header.includes(text)) || candidate.texts.some((part) => part.includes(text));
  }

  #keyword(wanted: boolean): Test {
    const keyword = this.#args.flag().toLowerCase();
    return ({ message }) => [...message.flags].some((flag) => flag.toLowerCase() === keyword) === wanted;
  }

  #size(larger: boolean): Test {
    const size = this.#args.number();
    return ({ message }) => (larger ? message.raw.length > size : message.raw.length < size);
  }

  /** BEFORE, ON, SINCE for the internal date, with SENT for the Date header. */
  #date(name: string): Test {
    const [, sent, relation] = /^(SENT)?(BEFORE|ON|SINCE)$/.exec(name) ?? [];
    if (relation === undefined) throw new BadSyntax("There is no such search key");
    const day = parseDay(this.#args.astring());
    const holds = (other: number | undefined): boolean =>
      other !== undefined && (relation === "ON" ? other === day : relation === "BEFORE" ? other < day : other >= day);
    if (sent === undefined) return ({ message }) => holds(dayOfInternalDate(message.internalDate));
    return (candidate) => holds(dayOfHeader(candidate.field("date")[0] ?? ""));
  }
}

function has(flag: string): Test {
  return ({ message }) => message.flags.has(flag);
}

function not(test: Test): Test {
  return (candidate) => !test(candidate);
}

function conjunction(tests: readonly Test[]): Test {
  return (candidate) => tests.every((test) => test(candidate));
}
