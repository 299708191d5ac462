/** The clock on which events of several processes of one machine are compared: CLOCK_MONOTONIC, which they share. */

/** Milliseconds, to the nanosecond's rounding in a double: 0.001 ms for 200 days. */
export function monoMs(): number {
  return toMs(process.hrtime.bigint());
}

export function toMs(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000n) / 1_000;
}
