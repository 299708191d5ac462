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

it("what was read has no more memory than it needs: little reads share some, and long ones have their own", () => {
  const memory = new ReadMemory();
  const first = read(memory, 100, 1);
  expect(read(memory, 100, 2).buffer).toBe(first.buffer);
  for (const length of [20_000, memory.room().length]) expect(read(memory, length, 3).buffer.byteLength).toBe(length);
});

it("all sockets read into the same memory, and none of it is what a message is a view of", () => {
  const [one, other] = [new ReadMemory(), new ReadMemory()];
  expect(one.room().buffer).toBe(other.room().buffer);
  for (const length of [100, 20_000]) {
    const bytes = read(one, length, 1);
    read(other, length, 2);
    expect(bytes.every((byte) => byte === 1)).toBe(true);
  }
});
