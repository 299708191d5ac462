/** One way to check numeric options: each has a default and a range, and a wrong one is an error that names all three. */

export interface NumberRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** 24.8 days: the longest delay that timers take. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/**
 * An option with its default filled in.
 * @throws TypeError where it is not a number, RangeError where it is out of its range; both name the option and what is
 * accepted
 */
export function resolveNumber(name: string, value: number | undefined, rule: NumberRule): number {
  const given = value ?? rule.default;
  const accepted = `a whole number from ${rule.min} to ${rule.max}`;
  if (typeof given !== "number") throw new TypeError(`${name} must be ${accepted}, not ${typeof given}`);
  if (Number.isInteger(given) && given >= rule.min && given <= rule.max) return given;
  throw new RangeError(`${name} is ${given}, but must be ${accepted}`);
}

/** @throws TypeError that names the option */
export function requireText(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`${name} must be a string that is not empty`);
}
