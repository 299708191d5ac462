/** Values of options: taken as they are, or refused by an error that names the option and what it may be. */

import { textFault } from "./text-rules.js";

/** What a whole number may be, and what it is where none is given. */
export interface NumberRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** The longest delay that timers take. */
export const MAX_MS: number = 2 ** 31 - 1;
export const MIN_SECRET_BYTES = 16;

/** @throws TypeError or RangeError where it is not what the rule accepts; Infinity is whole where it is the maximum */
export function whole(name: string, value: number | undefined, rule: NumberRule): number {
  if (value === undefined) return rule.default;
  const accepted = `a whole number from ${rule.min} to ${rule.max}`;
  if (typeof value !== "number") throw new TypeError(`${name} must be ${accepted}, not ${kindOf(value)}`);
  const inRange = value >= rule.min && value <= rule.max;
  if (!inRange || !(Number.isInteger(value) || value === Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${name} must be ${accepted}, not ${value}`);
  }
  return value;
}

/** @throws TypeError where it is neither true nor false */
export function flag(name: string, value: boolean | undefined, byDefault: boolean): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? byDefault;
  throw new TypeError(`${name} must be true or false, not ${kindOf(value)}`);
}

/** @throws RangeError where it is none of those that are accepted */
export function oneOf<Value extends string>(
  name: string,
  value: Value | undefined,
  accepted: readonly Value[],
  byDefault: Value,
): Value {
  if (value === undefined || accepted.includes(value)) return value ?? byDefault;
  throw new RangeError(`${name} must be one of ${accepted.join(", ")}, not ${String(value)}`);
}

/** @throws TypeError or RangeError where it is not a text that a name or a room may be (B5) */
export function plainText(name: string, value: string, minBytes: number, maxBytes: number): string {
  const fault = textFault(value, minBytes, maxBytes);
  if (fault === undefined) return value;
  throw typeof value === "string" ? new RangeError(`${name} ${fault}`) : new TypeError(`${name} ${fault}`);
}

/** In memory of its own. @throws TypeError or RangeError where it is not a Uint8Array of 16 bytes or more */
export function secretBytes(value: Uint8Array | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const accepted = `secret must be a Uint8Array of ${MIN_SECRET_BYTES} bytes or more`;
  if (!(value instanceof Uint8Array)) throw new TypeError(`${accepted}, not ${kindOf(value)}`);
  if (value.length < MIN_SECRET_BYTES) throw new RangeError(`${accepted}, not of ${value.length}`);
  return new Uint8Array(value);
}

/** `typeof`, but that it tells null. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
