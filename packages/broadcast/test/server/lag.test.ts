import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { type Peer, Rig } from "./rig.js";

const payload = (size: number, fill = 1): Uint8Array => new Uint8Array(size).fill(fill);

/** A publisher, one that lags, and one that does not. */
function trio(options: ServerMachineOptions = {}): { rig: Rig; a: Peer; slow: Peer; fast: Peer } {
  const rig = new Rig({ heartbeatMs: 100_000_000, ...options });
  const a = rig.join(1);
  return { rig, a, slow: rig.observe(), fast: rig.observe() };
}

const numbers = (peer: Peer): number[] => [...peer.entries().keys()];
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("B18: nothing is written to one that is full; when it has drained it gets what it missed, and then is live", () => {
  const { rig, a, slow, fast } = trio();
  slow.full();
  a.publish(1, "x").publish(2, "y");
  slow.say({ type: "ping", nonce: 5 });
  expect(slow.log()).toEqual(["1:join"]);
  expect(fast.log()).toEqual(["1:join", "2:x", "3:y"]);
  slow.drained();
  expect(slow.of("pong")).toEqual([{ type: "pong", nonce: 5 }]);
  expect(slow.of("batch").at(-1)).toMatchObject({ first: 2 });
  expect(slow.log()).toEqual(fast.log());
  a.publish(3, "z");
  expect(rig.outputsOf("sendAll").at(-1)?.connections).toEqual([1, 3, 2]);
  expect(rig.eventsOf("lagging")).toEqual([{ type: "lagging", room: "main", connection: 2, behind: 0 }]);
  expect(rig.eventsOf("live")).toEqual([{ type: "live", room: "main", connection: 2 }]);
});

test("B18: what is missed comes in pieces of at most 64 KiB or one entry, a few at a time, until it is full again", () => {
  const { rig, a, slow } = trio();
  slow.full();
  for (let seq = 1; seq <= 100; seq++) a.publish(seq, payload(10_000));
  a.publish(101, payload(200_000));
  slow.drained();
  const first = slow.sentBytes;
  expect(first).toBeGreaterThan(65_536);
  expect(first).toBeLessThan(5 * 65_536);
  slow.full();
  rig.wait(1_000);
  expect(slow.sentBytes).toBe(first);
  slow.drained();
  rig.wait(1);
  expect(numbers(slow)).toEqual(range(1, 102));
  const sizes = slow.of("batch").map(({ entries }) => entries.reduce((sum, { bytes }) => sum + 17 + bytes.length, 0));
  expect(Math.max(...sizes)).toBe(200_017);
  for (const size of sizes.slice(0, -1)) expect(size).toBeLessThanOrEqual(65_536);
});

test("B20: a window of 1 is stop and wait, and a larger one is never exceeded", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const one = rig.observe({ window: 1 });
  const five = rig.observe({ window: 5 });
  a.publish(1, ..."abcdefgh");
  expect([numbers(one), numbers(five)]).toEqual([[1], range(1, 5)]);
  one.ack(1, 1);
  five.ack(3, 5);
  expect([numbers(one), numbers(five)]).toEqual([[1, 2], range(1, 8)]);
  five.ack(3, 6);
  expect(numbers(five)).toEqual(range(1, 9));
  a.publish(9, "i");
  expect(numbers(five)).toEqual(range(1, 9));
  five.ack(9, 6);
  a.publish(10, "j");
  expect(numbers(five)).toEqual(range(1, 11));
  for (let last = 2; last <= 11; last++) one.ack(last, 1);
  expect(numbers(one)).toEqual(range(1, 11));
  expect(rig.machine.view().rooms[0]).toMatchObject({ live: 3, lagging: 0 });
});

test("B20: a window that is made smaller holds from the next entry on", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const o = rig.observe();
  o.ack(1, 2);
  a.publish(1, "x", "y").publish(3, "z");
  expect(numbers(o)).toEqual([1, 2, 3]);
});

test("B20: an ACK above what was sent is BAD_MESSAGE, a lower one than before changes nothing but the window", () => {
  const { a, slow, fast } = trio();
  a.publish(1, "x");
  slow.ack(2).ack(1);
  expect(slow.closed).toBeUndefined();
  fast.full();
  a.publish(2, "y");
  fast.ack(2);
  expect(fast.closed).toBeUndefined();
  fast.ack(3);
  expect(fast.closeCode).toBe("BAD_MESSAGE");
  slow.ack(4);
  expect(slow.closeCode).toBe("BAD_MESSAGE");
});

test("B19: beyond maxLagMessages, maxLagBytes or maxLagMs a member is disconnected, SLOW, and resumes", () => {
  const bounds: [ServerMachineOptions, (rig: Rig, a: Peer) => void][] = [
    [{ maxLagMessages: 3 }, (_, a) => void a.publish(4, "w")],
    [{ maxLagBytes: 3 * 18 }, (_, a) => void a.publish(4, "w")],
    [{ maxLagMs: 500 }, (rig) => void rig.wait(1)],
  ];
  for (const [options, beyond] of bounds) {
    const { rig, a, slow, fast } = trio(options);
    slow.full();
    a.publish(1, "x", "y", "z");
    rig.wait(499);
    expect(slow.closed).toBeUndefined();
    beyond(rig, a);
    expect(slow.closeCode).toBe("SLOW");
    expect(fast.closed).toBeUndefined();
    expect(rig.observe({ epoch: fast.welcome.epoch, last: 1 }).log().slice(0, 3)).toEqual(["2:x", "3:y", "4:z"]);
  }
});

test("B19: who needs what was trimmed is too slow, whatever else it may; who comes from far behind is not", () => {
  const { rig, a, slow, fast } = trio({ historyMessages: 5, maxLagMessages: 2 });
  a.publish(1, ..."abcde");
  const late = rig.observe({ window: 1 });
  expect(late.welcome.resumeFrom).toBe(2);
  a.publish(6, "f");
  expect(late.closed).toBeUndefined();
  a.publish(7, "g");
  expect(late.closeCode).toBe("SLOW");
  expect(slow.closed).toBeUndefined();
  expect(fast.log()).toHaveLength(8);
});

test("B19: skip tells a gap up to the head, once it can be told, and goes on behind it", () => {
  const { rig, a, slow } = trio({ maxLagMessages: 3, onSlow: "skip" });
  slow.full();
  for (let seq = 1; seq <= 9; seq++) a.publish(seq, "x");
  expect(slow.of("gap")).toEqual([]);
  slow.drained();
  a.publish(10, "y");
  expect(slow.of("gap")).toEqual([{ type: "gap", from: 2, to: 10, reason: "slow" }]);
  expect(slow.log()).toEqual(["1:join", "11:y"]);
  slow.ack(11);
  expect(rig.eventsOf("gap")).toEqual([{ type: "gap", room: "main", connection: slow.id, from: 2, to: 10 }]);
});

test("B19, B20: numbers of a gap need no room in the window", () => {
  const rig = new Rig({ maxLagMessages: 3, onSlow: "skip" });
  const a = rig.join(1);
  const o = rig.observe({ window: 2 });
  o.ack(1, 2);
  for (let seq = 1; seq <= 7; seq++) a.publish(seq, `${seq}`);
  expect(o.log()).toEqual(["1:join", "2:1", "3:2"]);
  expect(o.of("gap")).toEqual([{ type: "gap", from: 4, to: 7, reason: "slow" }]);
  o.ack(2, 2);
  expect(o.log()).toEqual(["1:join", "2:1", "3:2", "8:7"]);
  o.ack(8, 2);
  a.publish(8, "8", "9");
  expect(o.log().slice(4)).toEqual(["9:8", "10:9"]);
});

test("B19, B31: with snapshots a slow member gets a gap and a snapshot, and the entries behind it", () => {
  const { rig, a, slow } = trio({ maxLagMessages: 3, onSlow: "snapshot", snapshots: true });
  slow.full();
  for (let seq = 1; seq <= 9; seq++) a.publish(seq, "x");
  slow.drained();
  const [asked] = rig.outputsOf("takeSnapshot");
  a.publish(10, "y");
  expect(slow.of("gap")).toEqual([]);
  rig.handle({ type: "snapshot", room: "main", id: asked?.id ?? 0, snapshot: { upTo: 9, bytes: payload(5) } });
  expect(slow.received.slice(-3)).toMatchObject([
    { type: "gap", from: 2, to: 9, reason: "slow" },
    { type: "snapshot", upTo: 9, chunk: 0, isLast: true },
    { type: "batch", first: 10 },
  ]);
  expect(slow.log()).toEqual(["1:join", "10:x", "11:y"]);
});

test("B19, B31: without a snapshot, or with one of no use, the slow member is skipped", () => {
  for (const snapshot of [undefined, { upTo: 99, bytes: payload(5) }, { upTo: 0, bytes: payload(5) }]) {
    const { rig, a, slow } = trio({ maxLagMessages: 3, onSlow: "snapshot", snapshots: true });
    slow.full();
    for (let seq = 1; seq <= 9; seq++) a.publish(seq, "x");
    slow.drained();
    const id = rig.outputsOf("takeSnapshot")[0]?.id ?? 0;
    rig.handle({ type: "snapshot", room: "main", id, ...(snapshot === undefined ? {} : { snapshot }) });
    expect(slow.of("gap")).toEqual([{ type: "gap", from: 2, to: 10, reason: "slow" }]);
    expect(slow.of("snapshot")).toEqual([]);
    a.publish(10, "y");
    expect(slow.log()).toEqual(["1:join", "11:y"]);
  }
});

test("B19: block stops reading from publishers at 80 % of the bounds, and goes on when nobody is there any more", () => {
  const rig = new Rig({ maxLagMessages: 10, onSlow: "block", heartbeatMs: 100_000_000 });
  const a = rig.join(1);
  const b = rig.join(2);
  const slow = rig.observe();
  b.publish(1, "b");
  slow.full();
  for (let seq = 1; seq <= 7; seq++) a.publish(seq, "x");
  expect([a.paused, b.paused]).toEqual([false, false]);
  a.publish(8, "x");
  expect([a.paused, b.paused, slow.paused]).toEqual([true, true, false]);
  slow.drained();
  expect([a.paused, b.paused]).toEqual([false, false]);
  slow.full();
  a.publish(9, "x");
  rig.wait(23_999);
  expect(a.paused).toBe(false);
  rig.wait(1);
  expect(a.paused).toBe(true);
  rig.wait(60_000);
  expect(slow.closed).toBeUndefined();
  slow.cut();
  expect(a.paused).toBe(false);
});

test("B19: with block a publisher that is itself near the bounds is read from: its acknowledgements are awaited", () => {
  const rig = new Rig({ maxLagMessages: 10, onSlow: "block", heartbeatMs: 100_000_000 });
  const a = rig.join(1);
  const b = rig.join(2, { window: 1 });
  b.publish(1, "b");
  for (let seq = 1; seq <= 8; seq++) a.publish(seq, "x");
  expect([a.paused, b.paused]).toEqual([true, false]);
  b.ack(2, 1);
  b.ack(3, 100);
  expect([a.paused, b.paused]).toEqual([false, false]);
});

test("B17: a log holds its newest entries and bytes, exactly, and always the newest entry", () => {
  const rig = new Rig({ historyMessages: 5, historyBytes: 1_000 });
  const a = rig.join(1);
  a.publish(1, ..."abcdef");
  expect(rig.machine.view().rooms[0]).toMatchObject({ head: 7, firstRetained: 3, historyBytes: 5 * 18 });
  a.publish(7, payload(500), payload(400));
  expect(rig.machine.view().rooms[0]).toMatchObject({
    head: 9,
    firstRetained: 5,
    historyBytes: 517 + 417 + 3 * 18,
  });
  a.publish(9, payload(30));
  expect(rig.machine.view().rooms[0]).toMatchObject({ head: 10, firstRetained: 7, historyBytes: 18 + 517 + 417 + 47 });
  a.publish(10, payload(5_000));
  expect(rig.machine.view().rooms[0]).toMatchObject({ head: 11, firstRetained: 11, historyBytes: 5_017 });
});

test("B21: stable is what every connected member and observer has acknowledged, told at most every 20 ms, never back", () => {
  const rig = new Rig();
  const a = rig.join(1, { stable: true });
  const o = rig.observe({ start: "all", stable: true });
  const p = rig.observe();
  a.publish(1, "x", "y", "z");
  a.ack(4);
  o.ack(3);
  expect(rig.eventsOf("stable")).toEqual([]);
  rig.wait(20);
  expect(rig.eventsOf("stable")).toEqual([]);
  p.ack(2);
  rig.wait(20);
  expect(rig.eventsOf("stable")).toEqual([{ type: "stable", room: "main", upTo: 2 }]);
  p.ack(4);
  expect(o.of("stable")).toEqual([{ type: "stable", upTo: 2 }]);
  rig.wait(19);
  expect(o.of("stable")).toHaveLength(1);
  rig.wait(1);
  expect(o.of("stable").at(-1)).toEqual({ type: "stable", upTo: 3 });
  expect(a.of("stable")).toHaveLength(2);
  expect(p.of("stable")).toEqual([]);
  rig.observe();
  o.ack(4);
  rig.wait(100);
  expect(rig.eventsOf("stable")).toHaveLength(2);
  rig.peers.get(4)?.cut();
  rig.wait(20);
  expect(a.of("stable").at(-1)).toEqual({ type: "stable", upTo: 4 });
});

test("B21: what a member had when it came back counts once its ACK says that it was handled, and what its session said before counts at once", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const b = rig.join(2);
  rig.wait(20);
  const { epoch, token } = b.welcome;
  a.publish(1, "x", "y");
  a.ack(4);
  b.ack(3);
  b.cut();
  rig.wait(20);
  expect(rig.eventsOf("stable").at(-1)).toMatchObject({ upTo: 4 }); // of those who are connected
  a.publish(2 + 1, "z", "w");
  a.ack(6);
  const back = rig.join(2, { epoch, token, last: 5 });
  const o = rig.observe({ epoch, last: 5 });
  rig.wait(100);
  expect(rig.machine.view().rooms[0]).toMatchObject({ stable: 4 });
  o.ack(6);
  rig.wait(100);
  expect(rig.machine.view().rooms[0]).toMatchObject({ stable: 4 }); // that of the session was 3
  back.ack(3);
  rig.wait(100);
  expect(rig.machine.view().rooms[0]).toMatchObject({ stable: 4 });
  back.ack(5);
  rig.wait(100);
  expect(rig.eventsOf("stable").map(({ upTo }) => upTo)).toEqual([1, 4, 5]);
  a.publish(5, "v", "u");
  for (const one of [a, back]) one.ack(7);
  back.cut();
  const again = rig.join(2, { epoch, token, last: 8 });
  for (const one of [a, o]) one.ack(8);
  rig.wait(100);
  expect(rig.machine.view().rooms[0]).toMatchObject({ stable: 7 });
  again.ack(8);
  rig.wait(100);
  expect(rig.machine.view().rooms[0]).toMatchObject({ stable: 8 });
});

test("B20, B35: an ACK that says nothing new shuts the window below what is unacknowledged: nothing more comes, but PUBACKs do", () => {
  for (const isLive of [true, false]) {
    const rig = new Rig({ heartbeatMs: 100_000_000 });
    const a = rig.join(1);
    const b = rig.join(2);
    if (!isLive) b.full();
    a.publish(1, "x", "y");
    if (!isLive) for (let seq = 3; seq <= 60; seq++) a.publish(seq, payload(10_000));
    if (!isLive) b.drained();
    const before = b.entries().size;
    b.ack(2, 1);
    b.publish(1, "mine");
    a.publish(isLive ? 3 : 61, "z");
    rig.wait(10_000);
    expect(b.entries().size).toBe(before);
    expect(b.pubacks()).toHaveLength(1);
    b.ack(3, 1);
    rig.wait(1);
    expect(b.entries().size).toBe(before);
    b.ack(3, 100);
    rig.wait(1);
    expect(b.entries().size).toBe(isLive ? 5 : 63);
  }
});
