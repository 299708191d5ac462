import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { decodeCheckpoint } from "../../src/core/stored-sessions.js";
import { durable, running } from "./durable-server.js";
import { Rig } from "./rig.js";
import { Store } from "./store.js";

test("B25, B27: a room is opened from its store, and nobody is welcome before the store knows the epoch and the join", () => {
  const rig = new Rig(durable);
  const store = new Store();
  const o = rig.observe();
  const a = rig.join(1);
  expect(rig.outputsOf("open")).toEqual([{ type: "open", room: "main" }]);
  store.open(rig);
  expect(o.received).toEqual([]);
  expect(store.pending(rig)).toMatchObject([{ type: "storeMeta", meta: { clean: false, durability: "written" } }]);
  store.store(rig, 1);
  expect(o.welcome).toMatchObject({ head: 0, epoch: store.meta?.epoch });
  expect(a.received).toEqual([]);
  expect(store.pending(rig)).toMatchObject([{ type: "storeSegment", segment: { first: 1, count: 1 } }]);
  store.store(rig);
  expect(a.welcome).toMatchObject({ head: 1, resumeFrom: 1, epoch: store.meta?.epoch });
});

test("B12: nothing is delivered or acknowledged before it is stored; several writes are under way", () => {
  const { rig, store, a } = running();
  const o = rig.observe();
  a.publish(1, "x").publish(2, "y").publish(3, "z");
  expect(store.pending(rig)).toHaveLength(3);
  expect(a.pubacks()).toEqual([]);
  expect(o.log()).toEqual(["1:join"]);
  store.store(rig, 1);
  expect(a.pubacks()).toEqual(["1@2"]);
  expect(o.log()).toEqual(["1:join", "2:x"]);
  const [, last] = store.pending(rig);
  rig.handle({ type: "stored", room: "main", id: last?.id ?? 0 });
  expect(a.pubacks()).toEqual(["1@2", "2@3", "3@4"]);
  expect(o.log()).toEqual(["1:join", "2:x", "3:y", "4:z"]);
});

test("B25: with durability memory an entry is committed at once", () => {
  const { rig, a } = running({ durability: "memory" });
  a.publish(1, "x");
  expect(a.pubacks()).toEqual(["1@2"]);
  expect(rig.machine.view().rooms[0]?.pendingBytes).toBe(18);
});

test("B10, B13: who comes back while its publishes wait for their commit is told of them when that was done", () => {
  const { rig, store, a } = running();
  a.publish(1, "x");
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  expect(a.closeCode).toBe("TAKEN_OVER");
  expect(again.received).toEqual([]);
  expect(store.pending(rig)).toHaveLength(1);
  store.store(rig);
  expect(again.welcome).toMatchObject({ status: "resumed", lastClientSeq: 1, lastNumber: 2 });
  again.publish(1, "x");
  expect(store.pending(rig)).toEqual([]);
  expect(again.pubacks()).toEqual(["1@2"]);
  expect(again.log()).toEqual(["2:x"]);
});

test("B16: while more than maxCommitBytes wait for their commit nobody who publishes is read from", () => {
  const { rig, store, a } = running({ maxCommitBytes: 100 });
  const b = rig.join(2);
  const o = rig.observe();
  store.store(rig);
  b.publish(1, "b");
  a.publish(1, new Uint8Array(200));
  expect([a.paused, b.paused, o.paused]).toEqual([true, true, false]);
  store.store(rig, 1);
  expect(a.paused).toBe(true);
  store.store(rig, 1);
  expect([a.paused, b.paused]).toEqual([false, false]);
});

test("B25, B26: after a crash on the same boot the epoch goes on, with its sessions and their client seqs", () => {
  const before = running();
  before.a.publish(1, "x", "y");
  before.store.store(before.rig);
  const { rig, store } = { rig: new Rig(durable, 2), store: before.store };
  const { token, epoch } = before.a.welcome;
  const a = rig.join(1, { token, epoch, last: 2 });
  store.open(rig);
  store.store(rig);
  expect(rig.eventsOf("epoch")).toMatchObject([{ goesOn: true, epoch, head: 3 }]);
  expect(a.welcome).toMatchObject({
    status: "resumed",
    epoch,
    resumeFrom: 3,
    lastClientSeq: 2,
    lastNumber: 3,
    member: 1,
  });
  a.publish(2, "y", "z");
  store.store(rig);
  expect(a.log()).toEqual(["3:y", "4:z"]);
  expect(a.pubacks()).toEqual(["3@4"]);
});

test("B26: on another boot there is a new epoch, and who had no more than was recovered goes on behind it", () => {
  const before = running();
  before.a.publish(1, "x", "y");
  before.store.store(before.rig);
  before.store.boot = "boot 2";
  const rig = new Rig(durable, 2);
  const { token, epoch } = before.a.welcome;
  const a = rig.join(1, { token, epoch, last: 2 });
  const b = rig.observe({ epoch, last: 4 });
  before.store.open(rig);
  before.store.store(rig);
  expect(a.welcome).toMatchObject({ status: "new epoch", resumeFrom: 3, lastClientSeq: 2 });
  expect(a.welcome.epoch).not.toBe(epoch);
  expect(b.welcome).toMatchObject({ status: "new epoch", resumeFrom: 4 });
});

test("B22: after a restart the time of grace begins anew for all who were joined", () => {
  const before = running();
  const rig = new Rig(durable, 2);
  rig.now = 1_000_000;
  const o = rig.observe();
  before.store.open(rig);
  before.store.store(rig);
  rig.wait(9_999);
  expect(before.store.pending(rig)).toEqual([]);
  rig.wait(1);
  before.store.store(rig);
  expect(o.log()).toEqual(["1:join", "2:leave"]);
});

test("B27: a trim stores the table as it was behind what memory holds no more, and a restart knows every session", () => {
  const { rig, store, a } = running({ historyMessages: 16 });
  const b = rig.join(2);
  store.store(rig);
  b.publish(1, "from b");
  for (let seq = 1; seq <= 40; seq++) {
    a.publish(seq, `m${seq}`);
    store.store(rig);
  }
  const checkpoint = decodeCheckpoint(store.checkpoint as Uint8Array);
  const { number = 0, sessions = [] } = checkpoint ?? {};
  // Numbers: 1 and 2 join, 3 from b, 3 + n is a's n.
  expect(sessions).toMatchObject([
    { member: 1, name: "n1", joined: true, lastClientSeq: number - 3, lastNumber: number },
    { member: 2, name: "n2", joined: true, lastClientSeq: 1, lastNumber: 3 },
  ]);
  expect(store.segments[0]?.first).toBeLessThanOrEqual(number + 1);
  expect(store.segments[0]?.first).toBeGreaterThan(43 - 16 - 4);
  expect(rig.machine.view().rooms[0]).toMatchObject({ head: 43, firstRetained: 28 });

  const after = new Rig({ ...durable, historyMessages: 16 }, 2);
  const again = after.join(2, { token: b.welcome.token, epoch: b.welcome.epoch, last: 3 });
  store.open(after);
  store.store(after);
  expect(again.welcome).toMatchObject({ status: "gap", resumeFrom: 28, lastClientSeq: 1, lastNumber: 3, member: 2 });
  expect(after.eventsOf("epoch")).toMatchObject([{ goesOn: true }]);
  const stranger = after.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 43 });
  expect(stranger.welcome).toMatchObject({ status: "resumed", lastClientSeq: 40, lastNumber: 43, member: 1 });
});

test("B28: when a store fails nothing is committed, everybody is told UNAVAILABLE, and the room is opened anew", () => {
  const { rig, store, a } = running();
  const o = rig.observe();
  a.publish(1, "x").publish(2, "y");
  store.fail(rig);
  expect(a.closeCode).toBe("UNAVAILABLE");
  expect(o.closeCode).toBe("UNAVAILABLE");
  expect(a.pubacks()).toEqual([]);
  expect(o.log()).toEqual(["1:join"]);
  expect(rig.eventsOf("trouble")).toMatchObject([{ message: "the disk is full" }]);
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  rig.handle({ type: "stored", room: "main", id: 3 });
  rig.handle({ type: "roomOpened", room: "main", recovered: store.recovered });
  store.store(rig);
  expect(again.welcome).toMatchObject({ status: "resumed", lastClientSeq: 0 });
  again.publish(1, "x");
  store.store(rig);
  expect(again.log()).toEqual(["2:x"]);
});

test("B28: a room that can not be opened is UNAVAILABLE, and the next who comes has it opened again", () => {
  const rig = new Rig(durable);
  const a = rig.join(1);
  rig.handle({ type: "storeFailed", room: "main", id: 0, message: "no such folder" });
  expect(a.closeCode).toBe("UNAVAILABLE");
  rig.join(1);
  expect(rig.outputsOf("open")).toHaveLength(2);
});

test("B29: a server that closes says SHUTDOWN, stores what it has taken, and marks the log as clean behind it", () => {
  const { rig, store, a } = running({ graceMs: 100 });
  a.publish(1, "x");
  rig.handle({ type: "shutdown" });
  expect(a.closeCode).toBe("SHUTDOWN");
  expect(store.pending(rig).map(({ type }) => type)).toEqual(["storeSegment", "storeMeta"]);
  store.store(rig);
  rig.wait(1_000);
  expect(store.pending(rig)).toEqual([]);
  expect(store.meta).toMatchObject({ clean: true, lastMember: 1 });
  expect(store.segments.at(-1)).toMatchObject({ first: 2, count: 1 });
  expect(rig.connect().closeCode).toBe("SHUTDOWN");
  store.boot = "boot 2";
  const after = new Rig(durable, 2);
  const again = after.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  store.open(after);
  store.store(after);
  expect(again.welcome).toMatchObject({ status: "resumed", epoch: a.welcome.epoch, lastClientSeq: 1 });
});
