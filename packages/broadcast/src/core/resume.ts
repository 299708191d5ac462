/** Where a client goes on in the log, and what it is told of it (docs/broadcast.md B10, B26). */

import { isZero } from "./hex.js";
import type { Hello, Status } from "./messages.js";

/** What is known of the log when WELCOME is said. */
export interface LogFacts {
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly previousHead: number;
  readonly epochStart: number;
  readonly head: number;
  readonly firstRetained: number;
}

export interface Resumption {
  readonly status: Status;
  readonly from: number;
  /** Numbers that were asked for, but are no longer held: told by a GAP behind the WELCOME; 0: none. */
  readonly gapFrom: number;
}

/**
 * @param made the session was made for this HELLO
 * @param liveFrom where `start: live` begins
 * @param snapshotUpTo the number of the snapshot that follows the WELCOME; undefined: none does
 */
export function resume(
  hello: Hello,
  log: LogFacts,
  made: boolean,
  liveFrom: number,
  snapshotUpTo: number | undefined,
): Resumption {
  const expired = made && !isZero(hello.token);
  const { last } = hello;
  if (hello.epoch === 0) {
    const status = expired ? "expired" : "fresh";
    if (hello.start === "live") return { status, from: liveFrom, gapFrom: 0 };
    if (hello.start === "snapshot" && snapshotUpTo !== undefined) return { status, from: snapshotUpTo + 1, gapFrom: 0 };
    if (hello.start !== "from") return { status, from: log.firstRetained, gapFrom: 0 };
    const asked = Math.max(1, hello.from);
    const from = Math.min(Math.max(asked, log.firstRetained), log.head + 1);
    return { status, from, gapFrom: asked < from ? asked : 0 };
  }
  if (hello.epoch !== log.epoch || last > log.head) {
    const follows = hello.epoch === log.previousEpoch && last <= log.previousHead;
    const from = Math.max(follows ? last + 1 : log.epochStart, log.firstRetained);
    return { status: "new epoch", from, gapFrom: 0 };
  }
  const from = Math.max(last + 1, log.firstRetained);
  return { status: expired ? "expired" : from > last + 1 ? "gap" : "resumed", from, gapFrom: 0 };
}
