/** Options that are numbers, checked in one place with one wording. */

/** @throws RangeError that names the option and the range */
export function finiteFrom(name: string, value: number, least: number): number {
  if (typeof value === "number" && value >= least && value < Number.POSITIVE_INFINITY) return value;
  throw new RangeError(`${name} must be a finite number from ${least}, not ${value}`);
}

/** @throws RangeError that names the option and the range */
export function integerFrom(
  name: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new RangeError(`${name} must be an integer ${range}, not ${value}`);
}
