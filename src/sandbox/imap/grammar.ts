/** The words of an IMAP command: atoms, strings, lists, flags, dates (RFC 3501 section 9), scanned from left to right. */

/** Stands in the text of a command where a literal was; no Latin-1 character can be mistaken for it. */
export const LITERAL_MARK = "\u0100";

/** The client's command breaks the grammar: answered with BAD. */
export class BadSyntax extends Error {
  override readonly name = "BadSyntax";
}

const ATOM = /[^\s(){%*"\\\]\u0000-\u001f\u007f-\u0100]+/y;
const ASTRING_ATOM = /[^\s(){%*"\\\u0000-\u001f\u007f-\u0100]+/y;
const LIST_ATOM = /[^\s(){"\\\u0000-\u001f\u007f-\u0100]+/y;
const NUMBER = /\d{1,10}/y;
const NUMBER_SET = /[\d:*,]+/y;
const FLAG = /\\?[^\s(){%*"\\\]\u0000-\u001f\u007f-\u0100]+/y;
const FETCH_NAME = /[A-Za-z0-9.]+/y;
const SPACE = / +/y;
const QUOTED = /"((?:[^"\\\r\n\u0100]|\\["\\])*)"/y;

/** Largest nz-number, and UID: 32 bits. */
export const MAX_NUMBER = 0xffff_ffff;

export class Scanner {
  readonly #text: string;
  readonly #literals: readonly Buffer[];
  #at = 0;
  #nextLiteral = 0;

  /** `text` is Latin-1 with a LITERAL_MARK for each of the literals. */
  constructor(text: string, literals: readonly Buffer[] = []) {
    this.#text = text;
    this.#literals = literals;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Nothing but blanks may be left. */
  end(): void {
    this.#take(SPACE);
    if (!this.atEnd) throw new BadSyntax("There is more than the command takes");
  }

  /** Clients put more than one space where one is due; that harms nobody. */
  space(): void {
    if (this.#take(SPACE) === undefined) throw new BadSyntax("A space is missing");
  }

  next(character: string): boolean {
    return this.#text[this.#at] === character;
  }

  /** Takes the word, in any case, where it stands next and is followed by a space. */
  takeWord(word: string): boolean {
    const end = this.#at + word.length;
    if (this.#text.slice(this.#at, end).toUpperCase() !== word || this.#text[end] !== " ") return false;
    this.#at = end;
    return true;
  }

  get nextIsDigit(): boolean {
    return /^\d/.test(this.#text[this.#at] ?? "");
  }

  take(character: string): boolean {
    if (!this.next(character)) return false;
    this.#at++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw new BadSyntax(`Expected ${character}`);
  }

  atom(): string {
    return this.#need(ATOM, "an atom");
  }

  /** The name of a fetch-att: an atom that stops before a section's bracket. */
  fetchName(): string {
    return this.#need(FETCH_NAME, "an item to fetch");
  }

  number(): number {
    const number = Number(this.#need(NUMBER, "a number"));
    if (number > MAX_NUMBER) throw new BadSyntax("That number is too large");
    return number;
  }

  /** The characters of a sequence-set, not yet looked at. */
  numberSet(): string {
    return this.#need(NUMBER_SET, "a set of numbers");
  }

  flag(): string {
    return this.#need(FLAG, "a flag");
  }

  astring(): string {
    return this.string() ?? this.#need(ASTRING_ATOM, "a name");
  }

  /** A mailbox name in which `%` and `*` are wildcards. */
  listMailbox(): string {
    return this.string() ?? this.#need(LIST_ATOM, "a pattern");
  }

  /** A quoted string or literal read as UTF-8; undefined where something else stands. */
  string(): string | undefined {
    if (this.next(LITERAL_MARK)) return this.literal().toString("utf8");
    if (!this.next('"')) return undefined;
    const quoted = this.#need(QUOTED, "the end of a quoted string");
    return Buffer.from(quoted.slice(1, -1).replace(/\\(["\\])/g, "$1"), "latin1").toString("utf8");
  }

  literal(): Buffer {
    this.expect(LITERAL_MARK);
    const literal = this.#literals[this.#nextLiteral++];
    if (literal === undefined) throw new BadSyntax("A literal is missing");
    return literal;
  }

  /** NIL or a string. */
  nstring(): string | undefined {
    const text = this.string();
    if (text !== undefined) return text;
    if (this.atom().toUpperCase() !== "NIL") throw new BadSyntax("Expected a string or NIL");
    return undefined;
  }

  /** `( item SP item ... )`, perhaps empty. */
  list<T>(item: () => T): T[] {
    const items: T[] = [];
    this.expect("(");
    this.#take(SPACE);
    while (!this.take(")")) {
      items.push(item());
      if (!this.next(")")) this.space();
    }
    return items;
  }

  #need(pattern: RegExp, what: string): string {
    const text = this.#take(pattern);
    if (text === undefined) throw new BadSyntax(`Expected ${what}`);
    return text;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found[0];
  }
}
