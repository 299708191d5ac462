import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { running } from "./durable-server.js";
import { Store } from "./store.js";

/** A server of one room, which is left by everybody, and its store. */
function left(options: ServerMachineOptions = {}) {
  const { rig, store, a } = running({ maxRooms: 1, graceMs: 10, heartbeatMs: 1_000_000, ...options });
  a.publish(1, "x");
  store.store(rig);
  a.cut();
  rig.wait(10);
  return { rig, store, a };
}

test("B23: a durable room without anybody is closed cleanly when its place is needed, and opened again later", () => {
  for (const durability of ["memory", "written", "fsync"] as const) {
    const { rig, store, a } = left({ durability });
    const other = new Store("other");
    store.store(rig);
    const b = rig.observe({ room: "other" });
    expect(store.pending(rig)).toMatchObject([{ type: "storeMeta", meta: { clean: true, lastMember: 1 } }]);
    other.open(rig);
    other.store(rig);
    expect(b.welcome.head).toBe(0);
    store.store(rig);
    expect(rig.machine.view().rooms.map(({ room }) => room)).toEqual(["other"]);
    b.cut();
    // A clean close: even where the machine was started anew since.
    store.boot = "boot 2";
    const { token, epoch } = a.welcome;
    const again = rig.join(1, { token, epoch, last: 1 });
    store.open(rig);
    store.store(rig);
    expect(again.welcome).toMatchObject({ status: "resumed", epoch, member: 1, lastClientSeq: 1, head: 4 });
    expect(again.log()).toEqual(["2:x", "3:leave", "4:join"]);
  }
});

test("B23: who comes to a durable room that is being closed waits until it is, and finds what it was", () => {
  const { rig, store, a } = left({ maxRooms: 2 });
  store.store(rig);
  rig.observe({ room: "kept" });
  const other = new Store("other");
  const b = rig.observe({ room: "other" });
  other.open(rig);
  other.store(rig);
  b.cut();
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 3 });
  expect(store.opens(rig)).toBe(1);
  // The other room has its mark on its way as well, and that is none of this one's.
  other.store(rig);
  expect(store.opens(rig)).toBe(1);
  store.store(rig);
  expect(store.opens(rig)).toBe(2);
  store.open(rig);
  store.store(rig);
  expect(again.welcome).toMatchObject({ status: "resumed", lastClientSeq: 1, resumeFrom: 4 });
});

test("B23: a durable room has its place until the leaves are committed, and while it is being opened", () => {
  const { rig, store } = left();
  expect(rig.observe({ room: "other" }).closeCode).toBe("FULL");
  store.store(rig);
  const b = rig.observe({ room: "other" });
  b.cut();
  expect(rig.observe().closeCode).toBe("FULL");
});

test("B23: a member who is gone before its join was committed is away, and its durable room is needed", () => {
  const { rig, store } = running({ maxRooms: 1, heartbeatMs: 1_000_000 }, new Store());
  const [a] = rig.peers.values();
  a?.say({ type: "close", code: "LEAVE", text: "" });
  rig.join(2).cut();
  store.store(rig, 1);
  expect(rig.machine.view().rooms[0]).toMatchObject({ connections: 0, members: 0 });
  expect(rig.observe({ room: "other" }).closeCode).toBe("FULL");
});

test("B23: no more rooms are on their way to being closed than may be open", () => {
  const { rig, store } = left();
  store.store(rig);
  const other = new Store("other");
  const b = rig.observe({ room: "other" });
  other.open(rig);
  other.store(rig);
  b.cut();
  expect(rig.observe({ room: "third" }).closeCode).toBe("FULL");
  store.store(rig);
  expect(rig.observe({ room: "third" }).closed).toBeUndefined();
});

test("B23, B28: a durable room of which the clean mark is not stored is opened again as after a crash", () => {
  const { rig, store, a } = left({ durability: "memory", maxRooms: 2 });
  store.store(rig);
  rig.observe({ room: "kept" });
  const other = new Store("other");
  const b = rig.observe({ room: "other" });
  other.open(rig);
  other.store(rig);
  b.cut();
  other.store(rig);
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 3 });
  store.fail(rig);
  expect(rig.eventsOf("trouble")).toMatchObject([{ room: "main", message: "the disk is full" }]);
  expect(again.closed).toBeUndefined();
  store.open(rig);
  store.store(rig);
  expect(again.welcome.status).toBe("new epoch");
});

test("B23, B29: a room that is being closed when the server closes is not opened again", () => {
  const { rig, store, a } = left({ maxRooms: 2 });
  store.store(rig);
  rig.observe({ room: "kept" });
  const other = new Store("other");
  const b = rig.observe({ room: "other" });
  other.open(rig);
  other.store(rig);
  b.cut();
  rig.join(1, { token: a.welcome.token });
  rig.handle({ type: "shutdown" });
  store.store(rig);
  other.store(rig);
  expect(store.opens(rig)).toBe(1);
  expect([store.meta, other.meta]).toMatchObject([{ clean: true }, { clean: true }]);
});
