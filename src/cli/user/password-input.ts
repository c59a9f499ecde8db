/** Passwords from where they may come from: a terminal, unseen, or standard input; never the command line, which `ps` shows. */
import { Secret } from "../../core/secret.ts";

/** Validators refuse longer ones unseen. */
const LIMIT = 1024;

/** Throws Error with a sentence for the user. */
export async function newPassword(fromStdin: boolean): Promise<Secret> {
  const password = await askPassword(fromStdin, "New password: ");
  if (password.isEmpty) throw new Error("the password is empty");
  if (password.reveal().length > LIMIT) throw new Error(`the password is longer than ${LIMIT} characters`);
  if (!fromStdin && (await askPassword(false, "Again: ")).reveal() !== password.reveal())
    throw new Error("the two passwords differ");
  return password;
}

export async function askPassword(fromStdin: boolean, prompt: string): Promise<Secret> {
  if (fromStdin) return new Secret(await readStandardInput());
  if (!process.stdin.isTTY) throw new Error("no terminal to ask at: give --password-stdin");
  return new Secret(await readUnseen(prompt));
}

/** All of it is the password, but for the line end that `echo` adds. */
async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > 4 * LIMIT) throw new Error(`the password is longer than ${LIMIT} characters`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (/[\r\n\0]/.test(text)) throw new Error("the password on standard input is more than one line");
  return text;
}

const ENTER = /[\r\n]/;
const INTERRUPT = "\u0003";
const END = "\u0004";
const BACKSPACE = /[\u0008\u007f]/;
const CONTROL = /\p{Cc}/u;

async function readUnseen(prompt: string): Promise<string> {
  process.stdin.setRawMode(true).setEncoding("utf8").resume(); // first: whoever types ahead is not shown either
  process.stderr.write(prompt);
  try {
    return await new Promise<string>((resolve, reject) => listen(resolve, reject));
  } finally {
    process.stdin.setRawMode(false).pause();
    process.stderr.write("\n");
  }
}

function listen(resolve: (text: string) => void, reject: (error: Error) => void): void {
  const typed: string[] = [];
  const onData = (input: string) => {
    for (const character of input) {
      if (ENTER.test(character) || character === END) return finish(() => resolve(typed.join("")));
      if (character === INTERRUPT) return finish(() => reject(new Error("interrupted")));
      if (BACKSPACE.test(character)) typed.pop();
      else if (!CONTROL.test(character)) typed.push(character);
    }
  };
  const finish = (settle: () => void) => {
    process.stdin.off("data", onData);
    settle();
  };
  process.stdin.on("data", onData);
}
