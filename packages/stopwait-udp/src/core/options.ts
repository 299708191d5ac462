/** One way to check numeric options: each has a default and a range, and a wrong one is an error that names all three. */

export interface NumberRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Accept Infinity although it is above `max`. */
  readonly orInfinity?: boolean;
}

/** 24.8 days: the longest delay that timers take. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/**
 * The numbers among the options, with defaults filled in.
 * @throws TypeError where an option is not a number, RangeError where it is out of its range; both name the option and
 * what is accepted
 */
export function resolveNumbers<Name extends string>(
  given: Partial<Readonly<Record<Name, number | undefined>>>,
  rules: Readonly<Record<Name, NumberRule>>,
): Record<Name, number> {
  const resolved: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(rules) as Name[]) {
    const rule = rules[name];
    const value = given[name] ?? rule.default;
    const accepted = (): string =>
      `a whole number from ${rule.min} to ${rule.max}${rule.orInfinity === true ? ", or Infinity" : ""}`;
    if (typeof value !== "number") throw new TypeError(`${name} must be ${accepted()}, not ${typeof value}`);
    const inRange = Number.isInteger(value) && value >= rule.min && value <= rule.max;
    if (!inRange && !(rule.orInfinity === true && value === Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${name} is ${value}, but must be ${accepted()}`);
    }
    resolved[name] = value;
  }
  return resolved as Record<Name, number>;
}
