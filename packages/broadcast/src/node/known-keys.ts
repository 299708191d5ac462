/** Options that do not exist: in plain JavaScript nobody else would say that one is misspelt. */

/** Every key of some options; a key that is missing here is a type error. */
export type KeysOf<Options> = Readonly<Record<keyof Options, true>>;

/** @throws TypeError that names the first key that is not known, and the known one that it resembles most */
export function refuseUnknownKeys(given: object, known: Readonly<Record<string, true>>): void {
  const names = Object.keys(known);
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  const [nearest] = names.sort((a, b) => strangeness(a, unknown) - strangeness(b, unknown));
  throw new TypeError(`there is no option ${JSON.stringify(unknown)}; did you mean ${nearest}?`);
}

/** A name that goes on where the other ends (`ttl`, `ttlSeconds`) is nearer than one that is spelt like it. */
function strangeness(name: string, unknown: string): number {
  const isLonger = unknown.length > 1 && name.toLowerCase().startsWith(unknown.toLowerCase());
  return isLonger ? (name.length - unknown.length) / 1_000 : distance(name, unknown);
}

/** How many letters must be inserted, removed or replaced to make one of the other, whatever their case (Levenshtein). */
function distance(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
