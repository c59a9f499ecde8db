/**
 * The answer to one question of `ntlm-server-1`, read without mercy: whoever reads loosely is one answer behind after the
 * first refusal, and gives one user's "Yes" to the next.
 */

export type Answer =
  | { readonly kind: "yes"; /** 16 bytes. */ readonly sessionBaseKey: Buffer }
  | { readonly kind: "no"; readonly sentence: string };

/** What has been read so far. */
export type Progress =
  | { readonly state: "reading" }
  /** The answer is known, but the second dot that follows a refusal has not come yet. */
  | { readonly state: "one dot"; readonly answer: Answer }
  | { readonly state: "complete"; readonly answer: Answer }
  | { readonly state: "broken"; readonly why: string };

/** The longest sentence of Samba's has about 400 characters. */
const LINE_LIMIT = 1024;
const NEWLINE = 0x0a;

const YES = "Authenticated: Yes";
const NO = "Authenticated: No";
const KEY = /^User-Session-Key: ([0-9A-Fa-f]{32})$/;
const SENTENCE = /^Authentication-Error: (.{1,1000})$/;
const READING: Progress = { state: "reading" };

/** Reads one answer; a byte too many breaks it. */
export class AnswerReader {
  #rest = Buffer.alloc(0);
  readonly #lines: string[] = [];
  #progress: Progress = READING;

  get progress(): Progress {
    return this.#progress;
  }

  feed(bytes: Uint8Array): Progress {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (let end = this.#rest.indexOf(NEWLINE); end >= 0; end = this.#rest.indexOf(NEWLINE)) {
      const line = this.#rest.toString("latin1", 0, end);
      this.#rest = this.#rest.subarray(end + 1);
      this.#progress = this.#next(line);
      if (this.#progress.state === "broken") return this.#progress;
    }
    if (this.#rest.length > LINE_LIMIT) this.#progress = broken("a line without end");
    if (this.#rest.length > 0 && this.#progress.state === "complete") this.#progress = broken("more than one answer");
    return this.#progress;
  }

  #next(line: string): Progress {
    if (this.#progress.state === "broken") return this.#progress;
    if (this.#progress.state === "complete") return broken("more than one answer");
    // Samba's texts are ASCII; the message of a broken answer shows only what kind of line it was.
    if (!/^[\x20-\x7e]{1,1024}$/.test(line)) return broken("a line that is no text");
    this.#lines.push(line);
    return readLines(this.#lines);
  }
}

function readLines([first, second, ...dots]: readonly string[]): Progress {
  if (first !== YES && first !== NO) return broken(`an answer that begins with ${JSON.stringify(first?.slice(0, 80))}`);
  if (second === undefined) return READING;
  if (dots.some((line) => line !== ".")) return broken("an answer without end");
  return first === YES ? readYes(second, dots.length) : readNo(second, dots.length);
}

function readYes(line: string, dots: number): Progress {
  const key = KEY.exec(line)?.[1];
  if (key === undefined) return broken("a Yes without the session key that was asked for");
  return dots === 0 ? READING : { state: "complete", answer: { kind: "yes", sessionBaseKey: Buffer.from(key, "hex") } };
}

function readNo(line: string, dots: number): Progress {
  const sentence = SENTENCE.exec(line)?.[1];
  if (sentence === undefined) return broken("a No without a reason");
  if (dots === 0) return READING;
  return { state: dots === 1 ? "one dot" : "complete", answer: { kind: "no", sentence } };
}

function broken(why: string): Progress {
  return { state: "broken", why };
}
