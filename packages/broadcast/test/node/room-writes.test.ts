/** Writes to the durable log of a room: in order, those that wait together in one (docs/broadcast.md B25, B28). */
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import type { StoreWrite } from "../../src/node/log.js";
import { RoomWrites } from "../../src/node/room-writes.js";

interface Asked {
  readonly room: string;
  readonly upTo: number[];
  readonly done: () => void;
  readonly fail: (why: string) => void;
}

function setUp() {
  const asked: Asked[] = [];
  const told: string[] = [];
  const onFailed: (() => void)[] = [];
  const store = {
    write: (room: string, writes: readonly StoreWrite[]) =>
      new Promise<void>((resolve, reject) => {
        const upTo = writes.map((write) => (write.type === "trim" ? write.upTo : -1));
        asked.push({ room, upTo, done: resolve, fail: (why) => reject(new Error(why)) });
      }),
  };
  const writes = new RoomWrites(store, {
    stored: (room, id) => told.push(`stored ${room} ${id}`),
    failed: (room, id, error) => {
      told.push(`failed ${room} ${id}: ${(error as Error).message}`);
      onFailed.shift()?.();
    },
    idle: () => told.push("idle"),
  });
  const add = (room: string, id: number): void =>
    writes.add(room, id, { type: "trim", upTo: id, checkpoint: new Uint8Array() });
  return { writes, add, asked, told, onFailed };
}

it("B25: what waits while a write is under way becomes one write, in the order of asking, and is told one by one", async () => {
  const { add, asked, told, writes } = setUp();
  add("a", 1);
  add("a", 2);
  await turn();
  expect(asked.map(({ upTo }) => upTo)).toEqual([[1, 2]]); // one turn, one write
  for (const id of [3, 4, 5]) add("a", id);
  await turn();
  expect(asked).toHaveLength(1);
  asked[0]?.done();
  await turn();
  expect(told).toEqual(["stored a 1", "stored a 2"]);
  expect(asked[1]?.upTo).toEqual([3, 4, 5]);
  expect(writes.isIdle).toBe(false);
  asked[1]?.done();
  await turn();
  expect(told.slice(2)).toEqual(["stored a 3", "stored a 4", "stored a 5", "idle"]);
  expect(writes.isIdle).toBe(true);
});

it("the writes of one room do not wait for those of another", async () => {
  const { add, asked } = setUp();
  add("a", 1);
  add("b", 2);
  await turn();
  expect(asked.map(({ room }) => room)).toEqual(["a", "b"]);
});

it("B28: what stands behind a write that failed fails too and is never written; what is asked because of that is", async () => {
  const { add, asked, told, onFailed } = setUp();
  add("a", 1);
  await turn();
  add("a", 2);
  add("a", 3);
  onFailed.push(() => add("a", 9));
  asked[0]?.fail("full disk");
  await turn();
  expect(told).toEqual(["failed a 1: full disk", "failed a 2: full disk", "failed a 3: full disk"]);
  expect(asked.slice(1).map(({ upTo }) => upTo)).toEqual([[9]]);
});
