/**
 * What is known at once need not be promised: a promise, the function that waits for it and their turns cost more than
 * many an answer. Whoever asks may `await` it in any case.
 */
export type Answer<T> = T | Promise<T>;

/** Another library's promises count as well. */
export function isPending<T>(answer: Answer<T>): answer is Promise<T> {
  return typeof (answer as PromiseLike<T> | undefined)?.then === "function";
}

/** Goes on with an answer: now when it is there, else when it comes. */
export function whenKnown<T, U>(answer: Answer<T>, next: (value: T) => Answer<U>): Answer<U> {
  return isPending(answer) ? answer.then(next) : next(answer);
}

/** Asks; what is thrown at once is a rejection like one that comes. */
export function answerOf<T>(ask: () => Answer<T>): Answer<T> {
  try {
    return ask();
  } catch (error) {
    return Promise.reject(error);
  }
}
