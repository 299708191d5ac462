/** What a gateway bounds though connections come and go: the rate of a member, and its own questions (docs/broadcast.md B16, B22, B39). */
import { expect, test } from "vitest";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { Engine } from "./engine.js";
import { type Peer, Rig } from "./rig.js";

function gateway(options: ServerMachineOptions) {
  const engine = new Engine();
  const rig = new Rig({ log: "shared", heartbeatMs: 1_000_000, graceMs: 100_000, ...options });
  const come = (digit: number, changes = {}): Peer => {
    const peer = rig.join(digit, changes);
    engine.run(rig);
    return peer;
  };
  const wait = (ms: number): void => {
    // The log answers whatever is asked meanwhile.
    for (let left = ms; left > 0; left -= 50) {
      rig.wait(Math.min(50, left));
      engine.run(rig);
    }
  };
  return { engine, rig, come, wait };
}

const ten = Array.from({ length: 10 }, String);

test("B16: on a gateway too the rate is that of a member: another connection brings no other one", () => {
  const { engine, rig, come, wait } = gateway({ maxPublishRate: 10 });
  const a = come(1);
  const { token, epoch } = a.welcome;
  const resume = { token, epoch, last: 1 };
  a.publish(1, ...ten);
  engine.run(rig);
  expect(a.paused).toBe(false);
  a.cut();
  const b = come(1, resume);
  expect(b.paused).toBe(false);
  b.publish(11, "11");
  expect(b.paused).toBe(true);
  const c = come(1, resume);
  expect(b.closeCode).toBe("TAKEN_OVER");
  expect(c.welcome.status).toBe("resumed");
  expect(c.paused).toBe(true);
  wait(100);
  expect(c.paused).toBe(false);
  c.cut();
  wait(2_000);
  expect(come(1, resume).publish(12, ...ten).paused).toBe(false);
  expect(come(2).publish(1, ...ten).paused).toBe(false);
});

test("B16: who leaves and comes back, alone in its room, does not begin anew either; then the room is given up", () => {
  const { engine, rig, come, wait } = gateway({ maxPublishRate: 10 });
  const a = come(1);
  const { token, epoch } = a.welcome;
  a.publish(1, ...Array.from({ length: 60 }, String));
  engine.run(rig);
  a.say({ type: "close", code: "LEAVE", text: "" });
  engine.run(rig);
  wait(4_000);
  const b = come(1, { token, epoch, last: 1 });
  expect(b.paused).toBe(true);
  wait(1_000);
  expect(b.paused).toBe(false);
  b.say({ type: "close", code: "LEAVE", text: "" });
  engine.run(rig);
  expect(rig.machine.view().rooms).toHaveLength(1);
  wait(3_000);
  expect(rig.machine.view().rooms).toHaveLength(0);
});

test("B16, B23: the rates of maxSessions members are kept at most, those of who went last", () => {
  const { engine, rig, come } = gateway({ maxPublishRate: 10, maxSessions: 2 });
  come(9);
  const tokens: Uint8Array[] = [];
  for (const digit of [1, 2, 3]) {
    const peer = come(digit);
    tokens.push(peer.welcome.token);
    peer.publish(1, ...ten, "11");
    engine.run(rig);
    peer.cut();
  }
  const paused = tokens.map((token, index) => come(index + 1, { token }).paused);
  expect(paused).toEqual([false, true, true]);
});

test("B22, B39: without a time of grace a gateway renews as with one of a second, and takes no leave for members of another", () => {
  const engine = new Engine();
  const rig = new Rig({ log: "shared", heartbeatMs: 1_000_000, graceMs: 0 });
  const a = rig.join(1);
  engine.run(rig);
  const asked: number[] = [];
  for (let i = 0; i < 100; i++) {
    rig.wait(10);
    for (const { request } of engine.pending(rig)) if (request.op === "renew") asked.push(request.graceMs);
    engine.run(rig);
  }
  expect(asked).toEqual([1_000, 1_000, 1_000, 1_000]);
  a.cut();
  engine.run(rig);
  expect(engine.entries.map(({ kind }) => kind)).toEqual(["join", "leave"]);
});
