/** When a gateway finds that its log is out of reach, and which epoch it says that it found (docs/broadcast.md B25, B40). */
import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { Engine } from "./engine.js";
import { Rig } from "./rig.js";

/** What an engine that is gone does: each ask fails `askTimeoutMs` after it was asked. */
function askTimesOut(engine: Engine, rig: Rig, askTimeoutMs: number, untilMs: number): void {
  const failAt = new Map<number, number>();
  for (const end = rig.now + untilMs; rig.now < end; rig.wait(50)) {
    const shares = engine.pending(rig);
    for (const { id } of shares) if (!failAt.has(id)) failAt.set(id, rig.now + askTimeoutMs);
    for (const { id } of shares) if (rig.now >= (failAt.get(id) as number)) engine.step(rig, "lost");
  }
}

test("B40: an engine that does not answer is out of reach engineMs after it was asked, however long the log waits for it", () => {
  const engine = new Engine();
  const rig = new Rig({ log: "shared", heartbeatMs: 100_000 });
  const a = rig.join(1);
  engine.run(rig);
  a.publish(1, "x");
  askTimesOut(engine, rig, 4_000, 4_950);
  expect(a.closed).toBeUndefined();
  askTimesOut(engine, rig, 4_000, 100);
  expect(a.closeCode).toBe("UNAVAILABLE");
});

test("B40: an answer in between counts: what failed was asked before it", () => {
  const engine = new Engine();
  const rig = new Rig({ log: "shared", heartbeatMs: 100_000, graceMs: 100_000, engineMs: 5_000 });
  const a = rig.join(1);
  engine.run(rig);
  rig.wait(1_000);
  a.publish(1, "x");
  rig.wait(1_000);
  engine.step(rig, "done, answer lost");
  engine.run(rig);
  expect(a.pubacks()).toEqual(["1@2"]);
  for (let i = 0; i < 100; i++) {
    rig.wait(100);
    engine.run(rig);
  }
  expect(a.closed).toBeUndefined();
});

test("B40: a room where nothing happens learns of an engine that is gone, by a quarter of engineMs later", () => {
  const engine = new Engine();
  const rig = new Rig({ log: "shared", heartbeatMs: 100_000, graceMs: 100_000 });
  const o = rig.observe();
  engine.run(rig);
  rig.wait(1_000);
  engine.run(rig);
  askTimesOut(engine, rig, 4_000, 6_300);
  expect(o.closeCode).toBe("UNAVAILABLE");
});

test("B25, B40: an epoch in which there is nothing yet begins, and one that has entries goes on", () => {
  const engine = new Engine();
  const [one, two] = [new Rig({ log: "shared" }, 1), new Rig({ log: "shared" }, 2)];
  one.join(1);
  engine.run(one);
  two.join(2);
  engine.run(one, two);
  expect(one.eventsOf("epoch")).toMatchObject([{ goesOn: false, head: 0, epoch: engine.epoch }]);
  expect(two.eventsOf("epoch")).toMatchObject([{ goesOn: true, head: 1, epoch: engine.epoch }]);
  // The engine was started anew: the log has another epoch, with nothing in it, whoever opened that.
  for (const rig of [one, two]) rig.handle({ type: "sharedLost", room: "main", message: "another epoch" });
  engine.begin(engine.epoch + 1);
  two.join(2, { token: new Uint8Array(16).fill(9) });
  engine.step(two);
  expect(two.eventsOf("epoch").at(-1)).toMatchObject({ goesOn: false, head: 2, epoch: engine.epoch });
});
