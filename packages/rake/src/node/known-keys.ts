/** Options that do not exist: in plain JavaScript nobody else would say that one is misspelt. */

/** Every key of some options; a key that is missing here is a type error. */
export type KeysOf<Options> = Readonly<Record<keyof Options, true>>;

/** @throws TypeError that names the first key that is not known, and the known one that is spelt most like it */
export function refuseUnknownKeys(given: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  const distances = Object.keys(known).map((name) => [edits(name.toLowerCase(), unknown.toLowerCase()), name] as const);
  const [, nearest] = distances.reduce((best, one) => (one[0] < best[0] ? one : best));
  throw new TypeError(`there is no option ${JSON.stringify(unknown)}; did you mean ${nearest}?`);
}

/** How many letters must be inserted, removed or replaced to make one of the other (Levenshtein). */
function edits(from: string, to: string): number {
  let above = [...Array(to.length + 1).keys()];
  for (const [row, letter] of [...from].entries()) {
    const here = [row + 1];
    for (let column = 0; column < to.length; column++) {
      const replaced = (above[column] as number) + (letter === to[column] ? 0 : 1);
      here.push(Math.min(replaced, (above[column + 1] as number) + 1, (here[column] as number) + 1));
    }
    above = here;
  }
  return above[to.length] as number;
}
