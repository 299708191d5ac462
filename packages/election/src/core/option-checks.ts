/** Values of options, of whatever they are for: taken as they are, or refused by an error that names the option. */

import { MAX_ADDRESS_BYTES } from "./messages.js";
import { hasControls, isAddress } from "./text-rules.js";

/** What a number may be, and what it is where none is given. */
export interface NumberRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
}

/** The longest delay that timers take. */
export const MAX_MS: number = 2 ** 31 - 1;

/** @throws TypeError or RangeError where it is not what the rule accepts */
export function number(name: string, value: number, { min, max, isWhole = false }: NumberRule): number {
  const accepted = `a ${isWhole ? "whole " : ""}number from ${min} to ${max}`;
  if (typeof value !== "number") throw new TypeError(`${name} must be ${accepted}, not ${typeof value}`);
  if (!(value >= min && value <= max) || (isWhole && !Number.isInteger(value))) {
    throw new RangeError(`${name} is ${value}, but must be ${accepted}`);
  }
  return value;
}

/** @throws TypeError where it is neither an array nor left out, which is an empty one */
export function list<One>(name: string, value: readonly One[] | undefined, ofWhat: string): readonly One[] {
  if (value === undefined || Array.isArray(value)) return value ?? [];
  throw new TypeError(`${name} must be an array of ${ofWhat}, not ${kindOf(value)}`);
}

/** @throws TypeError or RangeError where it is not a text of 1 to `maxBytes` bytes */
export function text(name: string, value: string, maxBytes: number): string {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string, not ${typeof value}`);
  const { length } = new TextEncoder().encode(value);
  if (length < 1 || length > maxBytes || /\p{Surrogate}/u.test(value)) {
    throw new RangeError(`${name} must be 1 to ${maxBytes} bytes of UTF-8, not ${length}`);
  }
  if (hasControls(value))
    throw new RangeError(`${name} is ${JSON.stringify(value)}, but must have no control characters`);
  return value;
}

/** @throws TypeError or RangeError where it is not a text that may be an address */
export function address(name: string, value: string): string {
  if (isAddress(text(name, value, MAX_ADDRESS_BYTES))) return value;
  throw new RangeError(`${name} is ${JSON.stringify(value)}, but must have letters, digits and . _ : % [ ] - alone`);
}

/** @throws RangeError where it is none of those that are accepted */
export function oneOf<Value extends string>(name: string, value: Value, accepted: readonly Value[]): Value {
  if (accepted.includes(value)) return value;
  throw new RangeError(`${name} must be one of ${accepted.join(", ")}, not ${String(value)}`);
}

/** `typeof`, but that it tells null. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
