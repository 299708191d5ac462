/** What programs ask for, checked: a program in plain JavaScript has no compiler that tells it. */

import { integerFrom } from "./checked-numbers.js";
import type { Endpoint } from "./contract.js";

/** @throws TypeError or RangeError that names the field and what is accepted */
export function checkEndpoint(field: string, endpoint: Endpoint): void {
  if (typeof endpoint?.node !== "string") throw new TypeError(`${field} must be { node, port }, not ${endpoint}`);
  integerFrom(`${field}.port`, endpoint.port, 1, 65_535);
}

/** @throws TypeError or RangeError that names the field and what is accepted */
export function checkBytes(field: string, bytes: Uint8Array, most: number = Number.POSITIVE_INFINITY): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${field} must be a Uint8Array, not ${typeof bytes}`);
  if (bytes.length > most) throw new RangeError(`${field} must be at most ${most} bytes, not ${bytes.length}`);
}
