/** The load of a run, in which one reader stops for a while: what each message is, and which part of the run it belongs to. */

export interface Schedule {
  readonly perSecond: number;
  /** Everybody reads. */
  readonly beforeMs: number;
  /** One reader does not. */
  readonly stoppedMs: number;
  /** It reads again. */
  readonly afterMs: number;
}

export type Phase = "before" | "stopped" | "after";

export const MESSAGE_BYTES = 1_024;

export function parseSchedule(args: readonly string[]): Schedule {
  const [perSecond = 0, beforeMs = 0, stoppedMs = 0, afterMs = 0] = args.map(Number);
  return { perSecond, beforeMs, stoppedMs, afterMs };
}

export function scheduleArgs({ perSecond, beforeMs, stoppedMs, afterMs }: Schedule): string[] {
  return [perSecond, beforeMs, stoppedMs, afterMs].map(String);
}

export function messageCount({ perSecond, beforeMs, stoppedMs, afterMs }: Schedule): number {
  return Math.floor((perSecond * (beforeMs + stoppedMs + afterMs)) / 1_000);
}

export function phaseOf({ perSecond, beforeMs, stoppedMs }: Schedule, index: number): Phase {
  const ms = (index * 1_000) / perSecond;
  if (ms < beforeMs) return "before";
  return ms < beforeMs + stoppedMs ? "stopped" : "after";
}

/** Index in 4 bytes, the machine's monotonic time in nanoseconds in 8, and a pattern. */
export function message(index: number): Buffer {
  const bytes = Buffer.alloc(MESSAGE_BYTES, 0x61 + (index % 26));
  bytes.writeUInt32BE(index, 0);
  bytes.writeBigUInt64BE(process.hrtime.bigint(), 4);
  return bytes;
}

export function readMessage({ buffer, byteOffset, byteLength }: Uint8Array): {
  readonly index: number;
  readonly latencyMs: number;
} {
  const view = new DataView(buffer, byteOffset, byteLength);
  return { index: view.getUint32(0), latencyMs: Number(process.hrtime.bigint() - view.getBigUint64(4)) / 1e6 };
}

/** Calls `publish` with every message at its time. */
export async function publishOnTime(schedule: Schedule, publish: (message: Buffer) => void): Promise<void> {
  const began = performance.now();
  const count = messageCount(schedule);
  for (let index = 0; index < count; index++) {
    const early = began + (index * 1_000) / schedule.perSecond - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    publish(message(index));
  }
}
