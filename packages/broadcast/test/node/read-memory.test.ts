/** The memory that a client's socket reads into. */
import { expect, it } from "vitest";
import { ReadMemory } from "../../src/node/read-memory.js";

/** What a read of these bytes brings. */
function read(memory: ReadMemory, length: number, value: number): Uint8Array {
  memory.room().fill(value, 0, length);
  return memory.taken(length);
}

it("what was read is not written to again, whatever is read after it", () => {
  const memory = new ReadMemory();
  const reads = Array.from({ length: 300 }, (_, index) => read(memory, 1 + ((index * 977) % 16_000), index % 251));
  for (const [index, bytes] of reads.entries()) {
    expect(bytes.length).toBe(1 + ((index * 977) % 16_000));
    expect(bytes.every((byte) => byte === index % 251)).toBe(true);
  }
});

it("little reads share memory; reads that fill it are given more, and no more than that once they do not", () => {
  const memory = new ReadMemory();
  const first = read(memory, 100, 1);
  expect(read(memory, 100, 2).buffer).toBe(first.buffer);
  const fill = (): number => read(memory, memory.room().length, 3).length;
  const filled = Array.from({ length: 5 }, fill);
  expect(filled).toEqual([65_336, 65_536, 131_072, 131_072, 131_072]);
  for (let index = 0; index < 40; index++) read(memory, 20_000, 4);
  expect(memory.room().length).toBeLessThanOrEqual(65_536);
});
