/** The times of preset `fast` that the measurements speak of, in milliseconds (docs/election.md). */

/** R. */
export const FAST_REPORT_MS = 375;
/** F L. */
const FAST_PROMISE_MS = 1_650;
const CLOCK_ERROR = 0.047;

/** The earliest that anybody may lead after a crash, on a network without delay (election rule E57). */
export const EARLIEST_FAILOVER_MS: number = FAST_PROMISE_MS / (1 + CLOCK_ERROR) - FAST_REPORT_MS;
