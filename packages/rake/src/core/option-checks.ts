/** Values of options: taken as they are, or refused by an error that names the option and what it may be. */

/** What a whole number may be, and what it is where none is given. */
export interface NumberRule {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** The longest delay that timers take. */
export const MAX_MS: number = 2 ** 31 - 1;
export const MIN_SECRET_BYTES = 16;

const encoder = new TextEncoder();

/** @throws TypeError or RangeError where it is not what the rule accepts */
export function whole(name: string, value: number | undefined, rule: NumberRule): number {
  if (value === undefined) return rule.default;
  const accepted = `${name} must be a whole number from ${rule.min} to ${rule.max}`;
  if (typeof value !== "number") throw new TypeError(`${accepted}, not ${kindOf(value)}`);
  if (!Number.isInteger(value) || value < rule.min || value > rule.max) {
    throw new RangeError(`${accepted}, not ${value}`);
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

/** @throws TypeError or RangeError where it is not a text of so many bytes of UTF-8 */
export function plainText(name: string, value: string, minBytes: number, maxBytes: number): string {
  const accepted = `${name} must be a text of ${minBytes} to ${maxBytes} bytes`;
  if (typeof value !== "string") throw new TypeError(`${accepted}, not ${kindOf(value)}`);
  const length = encoder.encode(value).length;
  if (length < minBytes || length > maxBytes) throw new RangeError(`${accepted}, not of ${length}`);
  return value;
}

/** The items of an array, each of them checked. @throws TypeError where it is none */
export function listOf<Item, Checked>(
  name: string,
  value: readonly Item[],
  check: (name: string, item: Item) => Checked,
): readonly Checked[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, not ${kindOf(value)}`);
  return value.map((item: Item, index) => check(`${name}[${index}]`, item));
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
