import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { macOf } from "../../src/core/auth.js";
import { encode } from "../../src/core/codec.js";
import { hello, id, NO_TOKEN, plainPlatform, Rig } from "./rig.js";

const LEAVE = { type: "close", code: "LEAVE", text: "" } as const;

test("B6: without a HELLO in time a connection is IDLE, and a message before it is BAD_MESSAGE", () => {
  const rig = new Rig();
  const silent = rig.connect();
  rig.connect().ack(0);
  expect(rig.peers.get(2)?.closeCode).toBe("BAD_MESSAGE");
  rig.connect().publish(1, "x");
  expect(rig.peers.get(3)?.closeCode).toBe("BAD_MESSAGE");
  rig.wait(4_999);
  expect(silent.closed).toBeUndefined();
  rig.wait(1);
  expect(silent.closeCode).toBe("IDLE");
});

test("B6: with a secret the client proves that it has it, over the nonce and its HELLO", () => {
  const secret = new Uint8Array(32).fill(5);
  const rig = new Rig({ secret });
  const said = hello(1);
  const prove = (key: Uint8Array, proven = said): ReturnType<Rig["connect"]> => {
    const peer = rig.connect().say(said);
    const [challenge] = peer.of("challenge");
    if (challenge === undefined) throw new Error("no CHALLENGE");
    return peer.say({ type: "auth", mac: macOf(plainPlatform(), key, challenge.nonce, encode(proven).subarray(8)) });
  };
  expect(prove(new Uint8Array(32)).closeCode).toBe("UNAUTHORIZED");
  expect(prove(secret, hello(1, { name: "another" })).closeCode).toBe("UNAUTHORIZED");
  expect(rig.machine.view().rooms).toEqual([]);
  expect(prove(secret).welcome).toMatchObject({ status: "fresh", member: 1 });
  const nonces = rig.outputsOf("send").length;
  expect(nonces).toBeGreaterThan(3);
  const eager = rig.connect().say(said, { type: "ping", nonce: 1 }, { type: "ack", last: 0, window: 1 });
  expect(eager.closeCode).toBe("BAD_MESSAGE");
});

test("B6: without AUTH in time a connection is IDLE", () => {
  const rig = new Rig({ secret: new Uint8Array(16) });
  const peer = rig.join(1);
  rig.wait(5_000);
  expect(peer.closeCode).toBe("IDLE");
});

test("B8, B11: a known client id needs its token; with it the session is taken over, and the old connection TAKEN_OVER", () => {
  const rig = new Rig();
  const a = rig.join(1);
  expect(rig.join(1).closeCode).toBe("UNAUTHORIZED");
  expect(rig.join(1, { token: id(9) }).closeCode).toBe("UNAUTHORIZED");
  expect(a.closed).toBeUndefined();
  const { token, epoch } = a.welcome;
  a.publish(1, "x");
  const again = rig.join(1, { token, epoch, last: 1 });
  expect(a.closeCode).toBe("TAKEN_OVER");
  expect(again.welcome).toMatchObject({ status: "resumed", member: 1, lastClientSeq: 1, lastNumber: 2, resumeFrom: 2 });
  expect(again.welcome.token).toEqual(token);
  a.publish(2, "from the old connection");
  again.publish(2, "y");
  expect(again.log()).toEqual(["2:x", "3:y"]);
});

test("B9, B22: a session that left joins again with its member number and its client seqs", () => {
  const rig = new Rig();
  const o = rig.observe();
  const a = rig.join(1);
  const { token, epoch } = a.welcome;
  a.write(encode({ type: "publish", firstClientSeq: 1, payloads: [Uint8Array.of(120)] }), encode(LEAVE));
  expect(a.closed).toBe("the client left");
  expect(a.closeCode).toBeUndefined();
  expect(o.log()).toEqual(["1:join", "2:x", "3:leave"]);
  expect(o.entries().get(3)?.bytes).toEqual(Uint8Array.of(0));
  const again = rig.join(1, { token, epoch, last: 2 });
  expect(again.welcome).toMatchObject({ status: "resumed", member: 1, lastClientSeq: 1, head: 4, resumeFrom: 3 });
  expect(rig.join(2).welcome.member).toBe(2);
  expect(rig.eventsOf("left")).toEqual([
    { type: "left", room: "main", member: 1, name: "n1", number: 3, reason: "left" },
  ]);
});

test("B22: a short cut is no notice, and after the time of grace there is a leave", () => {
  const rig = new Rig({ heartbeatMs: 1_000_000 });
  const o = rig.observe();
  const a = rig.join(1);
  a.cut();
  rig.wait(9_999);
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  rig.wait(60_000);
  expect(o.log()).toEqual(["1:join"]);
  again.cut();
  rig.wait(9_999);
  expect(o.log()).toEqual(["1:join"]);
  rig.wait(1);
  expect(o.log()).toEqual(["1:join", "2:leave"]);
  expect(o.entries().get(2)?.bytes).toEqual(Uint8Array.of(1));
});

test("B10: gap, where what follows last is no longer held; resumed, where it is", () => {
  const rig = new Rig({ historyMessages: 4 });
  const a = rig.join(1);
  a.publish(1, ..."abcdefgh");
  const { token, epoch } = a.welcome;
  expect(rig.observe({ epoch, last: 5 }).welcome).toMatchObject({ status: "resumed", resumeFrom: 6, firstRetained: 6 });
  const o = rig.observe({ epoch, last: 4 });
  expect(o.welcome).toMatchObject({ status: "gap", resumeFrom: 6, head: 9 });
  expect(o.log()).toEqual(["6:e", "7:f", "8:g", "9:h"]);
  expect(o.of("gap")).toEqual([]);
  expect(rig.join(1, { token, epoch, last: 1 }).welcome).toMatchObject({ status: "gap", resumeFrom: 6 });
  expect(rig.observe({ epoch, last: 9 }).welcome).toMatchObject({ status: "resumed", resumeFrom: 10 });
});

test("B10, B26: another epoch, or a last above the head, is a new epoch, from its first number on", () => {
  const rig = new Rig({ historyMessages: 4 });
  const a = rig.join(1);
  const { epoch } = a.welcome;
  expect(rig.observe({ epoch: epoch - 1, last: 1 }).welcome).toMatchObject({ status: "new epoch", resumeFrom: 1 });
  expect(rig.observe({ epoch, last: 2 }).welcome).toMatchObject({ status: "new epoch", resumeFrom: 1 });
  a.publish(1, ..."abcdefgh");
  expect(rig.observe({ epoch: epoch - 1, last: 7 }).welcome).toMatchObject({ status: "new epoch", resumeFrom: 6 });
  const restarted = new Rig({}, 2);
  const again = restarted.join(1, { token: a.welcome.token, epoch, last: 9 });
  expect(again.welcome).toMatchObject({ status: "new epoch", resumeFrom: 1, lastClientSeq: 0 });
});

test("B10, B23: an evicted session is expired: another member, and the client seqs begin anew", () => {
  const rig = new Rig({ sessionTtlMs: 60_000, heartbeatMs: 1_000_000 });
  const a = rig.join(1);
  a.publish(1, "x").cut();
  rig.wait(59_999);
  expect(rig.machine.view().rooms[0]).toMatchObject({ sessions: 1, members: 0 });
  rig.wait(1);
  expect(rig.machine.view().rooms[0]).toMatchObject({ sessions: 0 });
  const { token, epoch } = a.welcome;
  const again = rig.join(1, { token, epoch, last: 2 });
  expect(again.welcome).toMatchObject({ status: "expired", member: 2, lastClientSeq: 0, resumeFrom: 3 });
  again.cut();
  // Its WELCOME may have been lost: nothing shows yet that the client knows of its new session.
  const third = rig.join(1, { token, epoch, last: 2 });
  expect(third.welcome).toMatchObject({ status: "expired", member: 2, lastClientSeq: 0 });
  third.ack(4);
  expect(rig.join(1, { token, epoch, last: 4 }).welcome).toMatchObject({ status: "resumed", member: 2 });
});

test("B10: fresh starts: live at the own join, all, from a number, and what is held no more is told by a GAP", () => {
  const rig = new Rig({ historyMessages: 4 });
  rig.join(1).publish(1, ..."abcdefgh");
  expect(rig.observe({ start: "live" }).welcome).toMatchObject({ status: "fresh", resumeFrom: 10 });
  expect(rig.observe({ start: "all" }).welcome.resumeFrom).toBe(6);
  expect(rig.observe({ start: "from", from: 8 }).welcome.resumeFrom).toBe(8);
  expect(rig.observe({ start: "from", from: 999 }).welcome.resumeFrom).toBe(10);
  const o = rig.observe({ start: "from", from: 2 });
  expect(o.welcome.resumeFrom).toBe(6);
  expect(o.received[1]).toEqual({ type: "gap", from: 2, to: 5, reason: "retention" });
  expect(rig.join(2).welcome).toMatchObject({ head: 10, resumeFrom: 10 });
});

test("B10, B31: a start with a snapshot is behind it, and without one from the first that is held", () => {
  const rig = new Rig({ snapshots: true });
  rig.join(1).publish(1, ..."abc");
  const o = rig.observe({ start: "snapshot" });
  const p = rig.observe({ start: "snapshot" });
  const asked = rig.outputsOf("takeSnapshot");
  expect(asked).toHaveLength(1);
  expect(o.received).toEqual([]);
  const bytes = new Uint8Array(70_000).fill(7);
  rig.handle({ type: "snapshot", room: "main", id: asked[0]?.id ?? 0, snapshot: { upTo: 3, bytes } });
  expect(o.welcome).toMatchObject({ status: "fresh", resumeFrom: 4 });
  expect(o.of("snapshot").map(({ upTo, chunk, isLast, bytes }) => [upTo, chunk, isLast, bytes.length])).toEqual([
    [3, 0, false, 65_536],
    [3, 1, true, 4_464],
  ]);
  expect(o.received.map(({ type }) => type)).toEqual(["welcome", "snapshot", "snapshot", "batch"]);
  expect(p.log()).toEqual(["4:c"]);
  const q = rig.observe({ start: "snapshot" });
  rig.handle({ type: "snapshot", room: "main", id: rig.outputsOf("takeSnapshot")[1]?.id ?? 0 });
  expect(q.log()).toHaveLength(4);
  const r = rig.observe({ start: "snapshot" });
  rig.wait(5_000);
  expect(r.log()).toHaveLength(4);
});

test("B23: above the limits it is FULL, a room that is not named UNAUTHORIZED, and a memory room without anybody gives way", () => {
  const rig = new Rig({ maxConnections: 3, maxRooms: 2, maxMembers: 1, rooms: ["main", "b", "c"], graceMs: 10 });
  const a = rig.join(1);
  expect(rig.join(2).closeCode).toBe("FULL");
  expect(rig.observe({ room: "d" }).closeCode).toBe("UNAUTHORIZED");
  const b = rig.join(3, { room: "b" });
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  expect(again.welcome.status).toBe("resumed");
  expect(rig.observe({ room: "c" }).closeCode).toBe("FULL");
  b.cut();
  expect(rig.observe({ room: "c" }).closeCode).toBe("FULL");
  rig.wait(10);
  expect(rig.observe({ room: "c" }).welcome.head).toBe(0);
  rig.observe();
  expect(rig.connect().closeCode).toBe("FULL");
});

test("B23: where there is no room for a session, the one that left longest ago is evicted; where none has, FULL", () => {
  const rig = new Rig({ maxSessions: 2 });
  const [a, b] = [rig.join(1), rig.join(2)];
  expect(rig.join(3).closeCode).toBe("FULL");
  b.say(LEAVE);
  a.say(LEAVE);
  expect(rig.join(3).welcome.member).toBe(3);
  const { token, epoch } = a.welcome;
  expect(rig.join(1, { token, epoch }).welcome).toMatchObject({ status: "resumed", member: 1 });
  expect(rig.join(2, { token: b.welcome.token, epoch }).closeCode).toBe("FULL");
});

test("B24: a PING is answered; who sends nothing is pinged, and who says nothing for three heartbeats is IDLE", () => {
  const rig = new Rig({ heartbeatMs: 1_000 });
  const a = rig.join(1).say({ type: "ping", nonce: 77 });
  const b = rig.join(2);
  expect(a.of("pong")).toEqual([{ type: "pong", nonce: 77 }]);
  for (let second = 0; second < 10; second++) {
    rig.wait(900);
    a.say({ type: "pong", nonce: 1 });
    if (second === 1) expect(b.closed).toBeUndefined();
  }
  expect(b.closeCode).toBe("IDLE");
  expect(a.closed).toBeUndefined();
  expect(a.of("ping").length).toBeGreaterThanOrEqual(8);
  expect(a.of("ping").length).toBeLessThanOrEqual(13);
});

test("B24: a member that is sent batches is not pinged", () => {
  const rig = new Rig({ heartbeatMs: 1_000 });
  const a = rig.join(1);
  const o = rig.observe();
  for (let seq = 1; seq <= 20; seq++) {
    a.publish(seq, "x");
    o.ack(seq);
    rig.wait(400);
  }
  expect([...a.of("ping"), ...o.of("ping")]).toEqual([]);
});

test("B4: what is no message, too large or in the wrong direction costs its connection, with the right code", () => {
  const rig = new Rig({ maxFrameBytes: 1_024 });
  const a = rig.join(1);
  const cases: [Uint8Array, string, RegExp][] = [
    [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 99), "BAD_MESSAGE", /99/],
    [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0), "BAD_MESSAGE", /no bytes/],
    [Uint8Array.of(0, 0, 0, 0, 0, 0, 4, 1), "TOO_BIG", /1024/],
    [encode({ type: "stable", upTo: 1 }), "BAD_MESSAGE", /STABLE/],
    [encode(hello(4, { window: 0 })), "BAD_MESSAGE", /0/],
  ];
  for (const [bytes, code, why] of cases) {
    const peer = rig.connect().write(bytes);
    expect(peer.closeCode).toBe(code);
    expect(peer.closed).toMatch(why);
  }
  const twice = rig.join(2).say(hello(3));
  expect(twice.closeCode).toBe("BAD_MESSAGE");
  const publishing = rig.join(5).write(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 12, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0));
  expect(publishing.closeCode).toBe("BAD_MESSAGE");
  expect(a.closed).toBeUndefined();
  expect(NO_TOKEN).toHaveLength(16);
});
