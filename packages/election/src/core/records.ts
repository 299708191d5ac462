/** Records of several fields that stand in more than one message, written and read (election rule E3). */

import type { Fallback, HostRow } from "./contract.js";
import { medalOf } from "./host-table.js";
import type { Load } from "./load.js";
import { EPOCH_MAX, MAX_ADDRESS_BYTES, MAX_FALLBACKS, MAX_ID_BYTES, type Named } from "./messages.js";
import { isAddress } from "./text-rules.js";
import { type FieldReader, type FieldWriter, malformed } from "./wire.js";

export function readAddress(read: FieldReader, minBytes = 1): string {
  const address = read.text(MAX_ADDRESS_BYTES, minBytes);
  if (!isAddress(address)) throw malformed("an address has a character that no address has");
  return address;
}

export function writeNamed(to: FieldWriter, { leaderId, leaderAddress, leaderEpoch }: Named): FieldWriter {
  return to.text(leaderId, MAX_ID_BYTES).text(leaderAddress, MAX_ADDRESS_BYTES).u64(leaderEpoch);
}

export function readNamed(read: FieldReader): Named {
  const leaderId = read.text(MAX_ID_BYTES);
  return { leaderId, leaderAddress: readAddress(read, 0), leaderEpoch: read.u64(EPOCH_MAX) };
}

export function writeFallbacks(to: FieldWriter, fallbacks: readonly Fallback[]): void {
  to.u8(fallbacks.length);
  for (const { id, address } of fallbacks) to.text(id, MAX_ID_BYTES).text(address, MAX_ADDRESS_BYTES);
}

export function readFallbacks(read: FieldReader): Fallback[] {
  return Array.from({ length: read.u8(MAX_FALLBACKS) }, () => ({
    id: read.text(MAX_ID_BYTES, 1),
    address: readAddress(read),
  }));
}

export function writeLoad(to: FieldWriter, load: Load): void {
  to.u16(Math.round(load.cpuPercent * 100));
  to.u64(Math.round(load.usedRamBytes)).u64(Math.round(load.totalRamBytes));
  to.u64(Math.round(load.freeBandwidthBytes)).u64(Math.round(load.freeDiskBytes)).u64(Math.round(load.measuredAtMs));
}

export function readLoad(read: FieldReader): Load {
  const load: Load = {
    cpuPercent: read.u16(10_000) / 100,
    usedRamBytes: read.u64(),
    totalRamBytes: read.u64(),
    freeBandwidthBytes: read.u64(),
    freeDiskBytes: read.u64(),
    measuredAtMs: read.u64(),
  };
  if (load.usedRamBytes > load.totalRamBytes) throw malformed("more RAM is used than there is");
  return load;
}

export function writeRow(to: FieldWriter, row: HostRow): void {
  to.u32(row.rank ?? 0)
    .text(row.id, MAX_ID_BYTES)
    .text(row.hostName, MAX_ADDRESS_BYTES);
  to.text(row.address, MAX_ADDRESS_BYTES).text(row.ui ?? "", MAX_ADDRESS_BYTES);
  writeLoad(to, row.load);
  to.f64(row.score)
    .flag(row.status === "connected")
    .flag(row.isLeader);
}

export function readRow(read: FieldReader): HostRow {
  const rank = read.u32() || undefined;
  return {
    rank,
    id: read.text(MAX_ID_BYTES, 1),
    hostName: read.text(MAX_ADDRESS_BYTES, 1),
    address: readAddress(read),
    ui: read.text(MAX_ADDRESS_BYTES) || undefined,
    load: readLoad(read),
    score: read.f64(),
    status: read.flag() ? "connected" : "disconnected",
    medal: medalOf(rank),
    isLeader: read.flag(),
  };
}
