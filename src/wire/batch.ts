/** Doing something for many at once: whoever comes until then is done in the same go, in order. */

/** `schedule` is asked for each go once; `one` does not throw. */
export function inBatches<T>(schedule: (go: () => void) => void, one: (item: T) => void): (item: T) => void {
  let waiting: T[] = [];
  const go = (): void => {
    const all = waiting;
    waiting = [];
    for (const item of all) one(item);
  };
  return (item) => {
    if (waiting.push(item) === 1) schedule(go);
  };
}
