/** Globs in any case: `*` is any text, `?` one character; the same wherever a configuration names users or domains. */

/** No regular expression, so that no pattern can make a name expensive: each piece between stars is sought once. */
export function glob(pattern: string): (text: string) => boolean {
  const [first = [], ...others] = pattern
    .toLowerCase()
    .split(/\*+/)
    .map((piece) => [...piece]);
  const last = others.pop();
  return (text) => {
    const letters = [...text.toLowerCase()];
    if (!isAt(first, letters, 0)) return false;
    if (last === undefined) return letters.length === first.length;
    const end = letters.length - last.length;
    let position = first.length;
    for (const piece of others) {
      while (position + piece.length <= end && !isAt(piece, letters, position)) position++;
      position += piece.length;
    }
    return position <= end && isAt(last, letters, end);
  };
}

function isAt(piece: readonly string[], letters: readonly string[], position: number): boolean {
  return piece.every((letter, index) => {
    const other = letters[position + index];
    return other !== undefined && (letter === "?" || letter === other);
  });
}
