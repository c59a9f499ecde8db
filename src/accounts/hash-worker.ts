/** The thread that checks slow password hashes: one question at a time, one answer each. */
import { parentPort } from "node:worker_threads";
import { verifySlow } from "./hashes/hashes.ts";

export interface Question {
  readonly scheme: string;
  readonly text: string;
  readonly password: string;
}

/** undefined: checking failed, which says nothing about the password. */
export type Answer = { readonly isRight: boolean | undefined };

parentPort?.on("message", (question: Question) => {
  const answer = (isRight: boolean | undefined) => parentPort?.postMessage({ isRight } satisfies Answer);
  verifySlow(question.scheme, question.text, question.password).then(answer, () => answer(undefined));
});
