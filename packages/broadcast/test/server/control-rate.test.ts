/** How often a peer may say what brings nothing new, and in which words it is told of limits (docs/broadcast.md B4, B16, B24). */
import { expect, test } from "vitest";
import { encode, type Message } from "../../src/core/index.js";
import { Engine } from "./engine.js";
import { type Peer, Rig } from "./rig.js";

const TOO_OFTEN = "BAD_MESSAGE: more than 10 messages per second that bring nothing new";

const idle: readonly (readonly [string, (peer: Peer) => Message])[] = [
  ["PING", () => ({ type: "ping", nonce: 1 })],
  ["PONG", () => ({ type: "pong", nonce: 1 })],
  ["ACK of what was acknowledged", () => ({ type: "ack", last: 0, window: 5 })],
  ["PUBLISH of what is in the log", () => ({ type: "publish", firstClientSeq: 1, payloads: [new Uint8Array(1)] })],
];

test.each(idle)(
  "B24: a flood of %s is BAD_MESSAGE beyond maxControlRate, and is allowed again with time",
  (_name, say) => {
    const rig = new Rig({ maxControlRate: 10, heartbeatMs: 100_000 });
    const a = rig.join(1).publish(1, "x");
    const b = rig.join(2);
    for (let i = 0; i < 10; i++) a.say(say(a));
    expect(a.closed).toBeUndefined();
    rig.wait(500);
    for (let i = 0; i < 5; i++) a.say(say(a));
    expect(a.closed).toBeUndefined();
    a.say(say(a));
    expect(a.closed).toBe(TOO_OFTEN);
    expect(rig.eventsOf("closed")).toMatchObject([{ connection: 1, code: "BAD_MESSAGE" }]);
    b.publish(1, "y");
    expect(b.pubacks()).toEqual(["1@4"]);
  },
);

test("B24: what stands in one read behind the message that was one too many is not looked at", () => {
  const rig = new Rig({ maxControlRate: 10 });
  const a = rig.join(1);
  a.write(...Array.from({ length: 1_000 }, () => encode({ type: "ping", nonce: 7 })));
  expect(a.of("pong")).toHaveLength(10);
  expect(a.closed).toBe(TOO_OFTEN);
});

test("B24: a client's own ACKs and publishes do not count, however many there are", () => {
  const rig = new Rig({ maxControlRate: 1 });
  const a = rig.join(1, { window: 1 });
  const b = rig.join(2).ack(2);
  for (let i = 1; i <= 100; i++) {
    b.publish(i, `${i}`);
    b.ack(i + 2);
    a.ack(i);
  }
  expect([a.closed, b.closed]).toEqual([undefined, undefined]);
});

test("B24: on a gateway too the publishes of what is in the log count", () => {
  const engine = new Engine();
  const rig = new Rig({ log: "shared", maxControlRate: 10, heartbeatMs: 100_000 });
  const a = rig.join(1);
  engine.run(rig);
  a.publish(1, "x");
  engine.run(rig);
  for (let i = 0; i < 10; i++) a.publish(1, "x");
  expect(a.closed).toBeUndefined();
  a.publish(1, "x");
  expect(a.closed).toBe(TOO_OFTEN);
});

test("B5: who sends too big a frame is told of the option that it has here", () => {
  const rig = new Rig({ maxFrameBytes: 2_000 });
  const header = Uint8Array.of(0, 0, 0, 0, 0, 0, 8, 0);
  expect(rig.join(1).write(header).closed).toBe("TOO_BIG: a frame of 2048 bytes, more than maxFrameBytes, 2000");
  const words = "TOO_BIG: a frame of 2048 bytes before the WELCOME, more than 1024";
  expect(rig.connect().write(header).closed).toBe(words);
});
