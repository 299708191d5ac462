/** The bars of CPU, throughput and window, on loopback, next to two sockets that pass the same bytes in as many datagrams. */
import type { Row } from "../../../bench/row.js";
import { floor, type Load, ours } from "./two-processes.js";

const cpu: Load = { blockBytes: 1_376, window: 1, blocks: 20_000, checksum: "crc32c" };
const loads: readonly Load[] = [
  { blockBytes: 512, window: 1, blocks: 12_000, checksum: "crc32c" },
  { blockBytes: 1_428, window: 1, blocks: 12_000, checksum: "crc32c" },
  { blockBytes: 8_192, window: 1, blocks: 8_000, checksum: "crc32c" },
  { blockBytes: 65_000, window: 1, blocks: 2_000, checksum: "crc32" },
];
const narrow: Load = { blockBytes: 1_428, window: 1, blocks: 20_000, checksum: "crc32c" };

export const rows: readonly Row[] = [
  {
    what: "stopwait: CPU per block of 1,376 bytes at window 1, both ends",
    floor: floor(cpu, "cpu"),
    ours: ours(cpu, "cpu"),
    unit: "us/block",
    bar: 1.5,
    direction: "at most",
  },
  ...loads.map(
    (load): Row => ({
      what: `stopwait: blocks of ${load.blockBytes.toLocaleString("en")} bytes at window 1, ${load.checksum}`,
      floor: floor(load, "wall"),
      ours: ours(load, "wall"),
      unit: "blocks/s",
      bar: 0.7,
      direction: "at least",
    }),
  ),
  {
    what: "stopwait: blocks of 1,428 bytes at window 8, next to window 1",
    floor: ours(narrow, "wall"),
    ours: ours({ ...narrow, window: 8 }, "wall"),
    unit: "blocks/s",
    bar: 2,
    direction: "at least",
  },
];
