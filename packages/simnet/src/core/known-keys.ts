/** A misspelt option is an error, not an option that does nothing. */

/** @throws TypeError that names the key and what there is */
export function onlyKnown(what: string, given: object, known: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) throw new TypeError(`${what} has no "${key}"; there is ${known.join(", ")}`);
  }
}
