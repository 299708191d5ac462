/** A snapshot put together, from a server that cuts it as it likes (docs/broadcast.md B31, B35). */
import { expect, it } from "vitest";
import { SnapshotAssembly } from "../../src/core/snapshot-assembly.js";

const piece = (chunk: number, bytes: Uint8Array, isLast = false): Parameters<SnapshotAssembly["add"]>[0] => ({
  type: "snapshot",
  upTo: 4,
  chunk,
  isLast,
  bytes,
});

it("B31: pieces of any length make the same whole, in memory of its own", () => {
  const all = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
  for (const length of [1_000, 65_536, 199_999, 200_000]) {
    const assembly = new SnapshotAssembly(200_000);
    let whole: Uint8Array | undefined;
    for (let at = 0, chunk = 0; at < all.length; at += length, chunk++) {
      whole = assembly.add(piece(chunk, all.subarray(at, at + length), at + length >= all.length));
    }
    expect(Buffer.compare(whole as Uint8Array, all)).toBe(0);
    expect(whole?.buffer).not.toBe(all.buffer);
    expect(assembly.isOpen).toBe(false);
  }
});

it("B35: a snapshot in pieces of one byte takes no more memory than one in large pieces", () => {
  const before = process.memoryUsage();
  const assembly = new SnapshotAssembly(2 ** 26);
  const byte = new Uint8Array(1);
  for (let chunk = 0; chunk < 1_000_000; chunk++) assembly.add(piece(chunk, byte));
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  // A view for each of them would be 200 MB.
  expect(heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(100_000_000);
  expect(assembly.isOpen).toBe(true);
});

it("B31: above the limit a piece is refused before it is kept, and so is one with nothing in it", () => {
  const assembly = new SnapshotAssembly(10);
  assembly.add(piece(0, new Uint8Array(10)));
  expect(() => assembly.add(piece(1, new Uint8Array(1)))).toThrow("more than 10 bytes");
  expect(() => assembly.add(piece(1, new Uint8Array(0)))).toThrow("nothing in it");
  expect(assembly.add(piece(1, new Uint8Array(0), true))).toHaveLength(10);
});
