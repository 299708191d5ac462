/**
 * The Report of a host, encoded once by the package's codec; between two reports only the echoed stamp, the CPU load and
 * the time of the measurement change, which are written over. So that the generator costs less than what it loads.
 */
import type { Header, Load } from "../../src/core/index.js";

type Core = typeof import("../../src/core/index.js");

const FRAME_HEADER_BYTES = 8;
const STAMP_BYTES = 16;
const LOAD_BYTES = 42;

export interface ReportingHost {
  readonly header: Header;
  readonly address: string;
  readonly hostName: string;
}

const load: Load = {
  cpuPercent: 80,
  usedRamBytes: 7.6 * 2 ** 30,
  totalRamBytes: 8 * 2 ** 30,
  freeBandwidthBytes: 100_000_000,
  freeDiskBytes: 50 * 2 ** 30,
  measuredAtMs: 1_700_000_000_000,
};

/** The frame of a Report, with an echo of a stamp that `patch` fills in, or without one. */
export function reportFrame(core: Core, { header, address, hostName }: ReportingHost, echoes: boolean): Buffer {
  const echo = echoes ? { epoch: header.epoch, stamp: { mono: 0, wall: 0 } } : undefined;
  const body = { type: "report", address, hostName, ui: "", echo, load } as const;
  return Buffer.from(core.framed(core.encodeMessage({ header, body })));
}

/** Where the stamp that is echoed begins, in the frame of a Report with an echo. */
export function stampOffset(frame: Buffer): number {
  return frame.length - LOAD_BYTES - STAMP_BYTES;
}

/** Writes a new load: `cpuHundredths` from 0 to 10,000, measured at `wallMs`. */
export function patchLoad(frame: Buffer, cpuHundredths: number, wallMs: number): void {
  frame.writeUInt16BE(cpuHundredths, frame.length - LOAD_BYTES);
  frame.writeUIntBE(wallMs, frame.length - 6, 6);
}

/** @throws Error where a frame that was written over is not what the codec makes of the same report */
export function checkPatching(core: Core, host: ReportingHost): void {
  const stamp = { mono: 123_456.789, wall: 1_712_345_678_901 };
  const frame = reportFrame(core, host, true);
  const at = stampOffset(frame);
  frame.writeBigUInt64BE(BigInt(Math.round(stamp.mono * 1_000)), at);
  frame.writeBigUInt64BE(BigInt(stamp.wall), at + 8);
  patchLoad(frame, 4_321, 1_712_345_678_999);
  const body = {
    type: "report",
    address: host.address,
    hostName: host.hostName,
    ui: "",
    echo: { epoch: host.header.epoch, stamp },
    load: { ...load, cpuPercent: 43.21, measuredAtMs: 1_712_345_678_999 },
  } as const;
  const expected = core.encodeMessage({ header: host.header, body });
  if (!frame.subarray(FRAME_HEADER_BYTES).equals(expected)) throw new Error("a report that was written over is wrong");
}
