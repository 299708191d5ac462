/** How late this process's event loop is, once per interval, as a line of JSON. The same in ours and in the floor. */
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 10;

/** What it was since the last call, in milliseconds. */
export function loopLag(): () => { readonly lagP99Ms: number; readonly lagMaxMs: number } {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // What is recorded is the time from one tick of a timer to the next.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  return () => {
    const lag = { lagP99Ms: late(delay.percentile(99)), lagMaxMs: late(delay.max) };
    delay.reset();
    return lag;
  };
}
