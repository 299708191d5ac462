/** Up to where everybody has acknowledged, while members come and go (docs/broadcast.md B21). */
import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { Engine } from "./engine.js";
import { type Peer, Rig } from "./rig.js";

const told = (peer: Peer): number[] => peer.of("stable").map(({ upTo }) => upTo);
const events = (rig: Rig): number[] => rig.eventsOf("stable").map(({ upTo }) => upTo);
const leave = (peer: Peer): Peer => peer.say({ type: "close", code: "LEAVE", text: "" });

test("B21: stable goes on behind entries that were committed while nobody was connected", () => {
  const rig = new Rig();
  const a = rig.join(1);
  a.publish(1, "x");
  a.ack(2);
  leave(a);
  rig.wait(20);
  const { token } = a.welcome;
  const again = rig.join(1, { token, stable: true });
  rig.wait(20);
  // The leave is 3, its new join 4: where it begins.
  expect(events(rig)).toEqual([2, 3]);
  again.publish(2, "y");
  again.ack(5);
  rig.wait(20);
  expect(events(rig)).toEqual([2, 3, 5]);
  expect(told(again)).toEqual([5]);
});

test("B21, B22: stable goes on behind the leave of a member that timed out", () => {
  const rig = new Rig({ graceMs: 1_000, heartbeatMs: 100_000 });
  const a = rig.join(1);
  a.publish(1, "x");
  a.ack(2);
  a.cut();
  rig.wait(2_000);
  const b = rig.join(2);
  b.publish(1, "y");
  b.ack(5);
  rig.wait(20);
  expect(events(rig)).toEqual([2, 3, 5]);
});

test("B21: a member that acknowledged more than others did, and is the only one to come back, is not held back by them", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const b = rig.join(2);
  a.publish(1, "x", "y");
  a.ack(4);
  b.ack(2);
  rig.wait(20);
  const { epoch, token } = a.welcome;
  a.cut();
  b.cut();
  rig.wait(20);
  expect(events(rig)).toEqual([2]);
  rig.join(1, { epoch, token, last: 4 });
  rig.wait(20);
  expect(events(rig)).toEqual([2, 4]);
});

test("B21, B38: stable goes on at a gateway whose first member joined after another had joined elsewhere", () => {
  const engine = new Engine();
  const [one, two] = [new Rig({ log: "shared" }, 1), new Rig({ log: "shared" }, 2)];
  const a = one.join(1);
  engine.run(one);
  a.publish(1, "x");
  engine.run(one);
  const b = two.join(2);
  engine.run(one, two);
  b.publish(1, "y");
  engine.run(one, two);
  b.ack(4);
  two.wait(20);
  expect(events(two)).toEqual([2, 4]);
  a.ack(4);
  one.wait(20);
  expect(events(one)).toEqual([4]);
});

test("B21: who comes back is told what is stable after its first ACK, though it had as much, and nobody publishes any more", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const b = rig.join(2, { stable: true });
  a.publish(1, "x", "y");
  for (const one of [a, b]) one.ack(3);
  rig.wait(20);
  const { epoch, token } = b.welcome;
  b.cut();
  a.ack(4);
  rig.wait(20);
  const back = rig.join(2, { epoch, token, last: 4, stable: true });
  rig.wait(20);
  expect(told(back)).toEqual([]);
  // What it does not acknowledge itself is not stable for it yet.
  back.ack(3);
  rig.wait(20);
  expect(told(back)).toEqual([]);
  back.ack(4);
  rig.wait(20);
  expect(told(back)).toEqual([4]);
  back.ack(4);
  rig.wait(100);
  expect(told(back)).toEqual([4]);
});

test("B20, B21: what is stable waits for one that takes nothing", () => {
  const rig = new Rig();
  const a = rig.join(1, { stable: true });
  a.publish(1, "x");
  a.full();
  a.ack(2);
  rig.wait(20);
  expect(told(a)).toEqual([]);
  a.drained();
  expect(told(a)).toEqual([2]);
});
