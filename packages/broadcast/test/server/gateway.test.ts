import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { Engine } from "./engine.js";
import { Rig } from "./rig.js";

/** Gateways of one shared log. */
function gateways(count: number, options: ServerMachineOptions = {}) {
  const engine = new Engine();
  const rigs = Array.from({ length: count }, (_, i) => new Rig({ log: "shared", ...options }, i + 1));
  return { engine, rigs, run: () => engine.run(...rigs) };
}

function pair(options: ServerMachineOptions = {}) {
  const { engine, rigs, run } = gateways(2, options);
  return { engine, one: rigs[0] as Rig, two: rigs[1] as Rig, run };
}

test("B38: members of two gateways are given one log, in its order, and learn the numbers of their publishes", () => {
  const { one, two, run } = pair();
  const a = one.join(1);
  run();
  const b = two.join(2);
  run();
  a.publish(1, "x", "y");
  b.publish(1, "z");
  run();
  a.publish(3, "w");
  run();
  expect(a.log()).toEqual(["1:join", "2:join", "3:x", "4:y", "5:z", "6:w"]);
  expect(b.log()).toEqual(["2:join", "3:x", "4:y", "5:z", "6:w"]);
  expect(a.pubacks()).toEqual(["2@4", "3@6"]);
  expect(b.pubacks()).toEqual(["1@5"]);
  expect(b.welcome.members).toEqual([
    { member: 1, name: "n1" },
    { member: 2, name: "n2" },
  ]);
});

test("B38: nothing is delivered or acknowledged before the log has given it", () => {
  const { engine, rigs, run } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  expect(a.received).toEqual([]);
  run();
  a.publish(1, "x");
  expect(engine.pending(rig)).toMatchObject([{ request: { op: "publish", firstClientSeq: 1 } }]);
  engine.step(rig);
  expect(a.pubacks()).toEqual([]);
  engine.tell(rig);
  expect(a.log()).toEqual(["1:join", "2:x"]);
  expect(a.pubacks()).toEqual(["1@2"]);
});

test("B38: a WELCOME waits until the gateway has followed the log to where the session was attached", () => {
  const { engine, rigs } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  engine.step(rig);
  engine.step(rig);
  expect(a.received).toEqual([]);
  engine.tell(rig);
  expect(a.welcome).toMatchObject({ status: "fresh", head: 1, resumeFrom: 1 });
});

test("B38: what the log gives before it is known to be open is not lost", () => {
  const { engine, rigs } = gateways(1);
  const [rig] = rigs as [Rig];
  const o = rig.observe();
  const [open] = engine.pending(rig);
  if (open === undefined) throw new Error("nothing was asked");
  const answer = engine.do(rig, open.request);
  engine.append({ kind: "message", member: 7, clientSeq: 1, bytes: new TextEncoder().encode("early") });
  engine.tell(rig);
  rig.handle({ type: "shared", room: "main", id: open.id, answer });
  rig.handle({
    type: "shared",
    room: "main",
    id: open.id + 1,
    answer: engine.do(rig, { op: "read", from: 1, maxBytes: 1 }),
  });
  expect(o.log()).toEqual(["1:early"]);
});

test("B38: a client resumes on another gateway, and what it sends again is in the log once", () => {
  const { one, two, run } = pair();
  const a = one.join(1);
  run();
  a.publish(1, "x", "y");
  run();
  a.cut();
  const again = two.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 2 });
  run();
  expect(again.welcome).toMatchObject({ status: "resumed", member: 1, lastClientSeq: 2, lastNumber: 3, resumeFrom: 3 });
  again.publish(1, "x").publish(2, "y", "z");
  run();
  expect(again.log()).toEqual(["3:y", "4:z"]);
  expect(again.pubacks()).toEqual(["2@3", "3@4"]);
});

test("B13, B38: a client seq that leaves a gap is BAD_SEQ, more than the window BAD_MESSAGE, and a marker parts the runs", () => {
  const { rigs, run } = gateways(1, { publishWindow: 3, maxMessageBytes: 4 });
  const [rig] = rigs as [Rig];
  const [a, b, c] = [rig.join(1), rig.join(2), rig.join(3)];
  run();
  a.publish(2, "x");
  expect(a.closeCode).toBe("BAD_SEQ");
  b.publish(1, "1", "2", "3", "4");
  expect(b.closeCode).toBe("BAD_MESSAGE");
  c.publish(1, "x", "too long", "y");
  run();
  expect(c.pubacks()).toEqual(["1@4", "2@5 too big", "3@6"]);
});

test("B38: a publish of unknown fate is asked for again, behind nothing else, and is in the log once", () => {
  for (const fate of ["lost", "done, answer lost"] as const) {
    const { engine, rigs, run } = gateways(1);
    const [rig] = rigs as [Rig];
    const a = rig.join(1);
    run();
    a.publish(1, "x");
    a.publish(2, "y");
    engine.step(rig, fate);
    a.publish(3, "z");
    expect(engine.pending(rig)).toHaveLength(1);
    run();
    expect(a.closed).toBeUndefined();
    rig.wait(100);
    run();
    expect(a.log()).toEqual(["1:join", "2:x", "3:y", "4:z"]);
    expect(a.pubacks().at(-1)).toBe("3@4");
  }
});

test("B38: an attach of unknown fate is asked again with the token that it may have drawn", () => {
  const { engine, rigs, run } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  engine.step(rig);
  engine.step(rig, "done, answer lost");
  rig.wait(100);
  run();
  expect(a.welcome).toMatchObject({ status: "fresh", member: 1, resumeFrom: 2 });
  expect(engine.sessions.size).toBe(1);
});

test("B39: a session that another gateway attached is TAKEN_OVER where it was, at the next publish or renewal", () => {
  const { one, two, run } = pair();
  const [a, b] = [one.join(1), one.join(2)];
  run();
  const a2 = two.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  const b2 = two.join(2, { token: b.welcome.token, epoch: b.welcome.epoch, last: 1 });
  run();
  a.publish(1, "x");
  run();
  expect(a.closeCode).toBe("TAKEN_OVER");
  expect(b.closed).toBeUndefined();
  one.wait(2_500);
  run();
  expect(b.closeCode).toBe("TAKEN_OVER");
  expect([a2.closed, b2.closed]).toEqual([undefined, undefined]);
});

test("B39: a HELLO that is read late, with the end of its connection, takes nothing from the connection that came after it", () => {
  const { engine, one, two, run } = pair();
  const a = one.join(1);
  run();
  const { token, epoch } = a.welcome;
  a.cut();
  // The client went on to the second gateway meanwhile.
  const b = two.join(1, { token, epoch, last: 1 });
  engine.run(two);
  one.join(1, { token, epoch, last: 1 }).cut();
  run();
  b.publish(1, "x");
  two.wait(2_500);
  run();
  expect(b.closed).toBeUndefined();
  expect(b.log()).toEqual(["2:x"]);
});

test("B11, B39: on the same gateway the old connection is TAKEN_OVER once the log knows the new owner", () => {
  const { engine, rigs, run } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  const stranger = rig.join(1);
  run();
  expect(stranger.closeCode).toBe("UNAUTHORIZED");
  expect(a.closed).toBeUndefined();
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  expect(a.closed).toBeUndefined();
  run();
  expect(a.closeCode).toBe("TAKEN_OVER");
  rig.wait(60_000 - rig.now);
  expect(engine.entries).toHaveLength(1);
  again.cut();
});

test("B22, B39: the gateway that owned a session last appends its leave, after the time of grace or at once", () => {
  const { engine, rigs, run } = gateways(1, { heartbeatMs: 100_000 });
  const [rig] = rigs as [Rig];
  const [a, b] = [rig.join(1), rig.join(2)];
  const o = rig.observe();
  run();
  a.cut();
  b.say({ type: "close", code: "LEAVE", text: "" });
  run();
  expect(o.log()).toEqual(["1:join", "2:join", "3:leave"]);
  expect(o.entries().get(3)).toMatchObject({ member: 2, bytes: Uint8Array.of(0) });
  for (let at = 0; at < 9_999; at += 1_111) {
    rig.wait(1_111);
    if (rig.now < 10_000) run();
  }
  const renewals = engine
    .pending(rig)
    .concat()
    .map(({ request }) => request.op);
  expect(engine.head).toBe(3);
  expect(renewals).not.toContain("publish");
  rig.wait(1_111);
  run();
  expect(o.log().at(-1)).toBe("4:leave");
  expect(o.entries().get(4)).toMatchObject({ member: 1, bytes: Uint8Array.of(1) });
});

test("B40: what the gateway does not hold is read from the log, and what that holds no more is told as a gap", () => {
  const { engine, one, two, run } = pair();
  const a = one.join(1);
  run();
  for (let seq = 1; seq <= 100; seq++) a.publish(seq, new Uint8Array(1_024).fill(seq));
  run();
  engine.firstRetained = 11;
  const o = two.observe();
  run();
  expect(o.welcome).toMatchObject({ head: 101, firstRetained: 11, resumeFrom: 11 });
  expect([...o.entries().keys()]).toEqual(Array.from({ length: 91 }, (_, i) => i + 11));
  const p = two.observe({ start: "from", from: 5, window: 10 });
  run();
  expect(p.of("gap")).toEqual([{ type: "gap", from: 5, to: 10, reason: "retention" }]);
  expect([...p.entries().keys()]).toEqual(Array.from({ length: 10 }, (_, i) => i + 11));
  engine.firstRetained = 50;
  p.ack(20, 10);
  run();
  expect(p.of("gap").at(-1)).toEqual({ type: "gap", from: 21, to: 49, reason: "retention" });
  expect([...p.entries().keys()].slice(10)).toEqual(Array.from({ length: 10 }, (_, i) => i + 50));
  expect(two.machine.view().rooms[0]).toMatchObject({ live: 1, lagging: 1 });
});

test("B40: when the log cannot be reached for engineMs clients are closed, UNAVAILABLE, and not before", () => {
  const { engine, rigs, run } = gateways(1, { heartbeatMs: 100_000, graceMs: 100_000 });
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  a.publish(1, "x");
  rig.wait(4_999);
  expect(a.closed).toBeUndefined();
  rig.wait(1);
  expect(a.closeCode).toBe("UNAVAILABLE");
  expect(rig.outputsOf("unshare")).toHaveLength(1);
  const again = rig.join(1, { token: a.welcome.token, epoch: a.welcome.epoch, last: 1 });
  run();
  expect(again.welcome).toMatchObject({ status: "resumed", resumeFrom: 2, lastClientSeq: 1 });
  expect(engine.head).toBe(2);
});

test("B40: requests that fail again and again are an engine out of reach", () => {
  const { engine, rigs, run } = gateways(1, { heartbeatMs: 100_000, graceMs: 100_000 });
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  a.publish(1, "x");
  for (let i = 0; i < 49; i++) {
    engine.step(rig, "lost");
    rig.wait(100);
  }
  expect(a.closed).toBeUndefined();
  for (let i = 0; i < 3; i++) {
    engine.step(rig, "lost");
    rig.wait(100);
  }
  expect(a.closeCode).toBe("UNAVAILABLE");
});

test("B40: when the shared log is lost, or another than before, clients are closed and get a new epoch", () => {
  const { engine, rigs, run } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  const { epoch, token } = a.welcome;
  rig.handle({ type: "sharedLost", room: "main", message: "the stream is gone" });
  expect(a.closeCode).toBe("UNAVAILABLE");
  engine.epoch = 0;
  engine.entries.length = 0;
  engine.sessions.clear();
  const again = rig.join(1, { epoch, token, last: 1 });
  run();
  expect(again.welcome.status).toBe("new epoch");
  expect(again.welcome.epoch).not.toBe(epoch);
  expect(again.log()).toEqual(["1:join"]);
});

test("B29, B38: a gateway that closes or has nobody left stops following the log, and leaves for nobody when it closes", () => {
  const { engine, rigs, run } = gateways(1, { graceMs: 1_000 });
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  a.cut();
  rig.wait(1_000);
  run();
  rig.wait(1_000);
  expect(engine.head).toBe(2);
  expect(rig.outputsOf("unshare")).toHaveLength(1);
  expect(rig.machine.view().rooms).toEqual([]);
  const b = rig.join(2);
  run();
  rig.handle({ type: "shutdown" });
  expect(b.closeCode).toBe("SHUTDOWN");
  rig.wait(60_000);
  expect(engine.pending(rig)).toEqual([]);
  expect(rig.outputsOf("unshare")).toHaveLength(2);
});

test("B38, B40: what is read from a log that is ahead of the gateway is delivered once", () => {
  const { engine, one, two, run } = pair();
  const a = one.join(1);
  run();
  a.publish(1, "x");
  run();
  const o = two.observe();
  engine.step(two);
  engine.step(two);
  a.publish(2, "y");
  engine.step(one);
  engine.step(two);
  run();
  expect(o.log()).toEqual(["1:join", "2:x", "3:y"]);
});

test("B38: what the log has is not asked for again, though the answer to a publish is lost", () => {
  const { engine, rigs, run } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  a.publish(1, "x", "y");
  engine.step(rig, "done, answer lost");
  engine.tell(rig);
  expect(a.pubacks()).toEqual(["2@3"]);
  rig.wait(100);
  expect(engine.pending(rig)).toEqual([]);
  expect(rig.machine.view().rooms[0]?.pendingBytes).toBe(0);
});

test("B40: an answer from another log closes the clients, who get its epoch", () => {
  const { engine, rigs, run } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  const { epoch } = a.welcome;
  engine.epoch = epoch + 1;
  const b = rig.join(2);
  run();
  expect([a.closeCode, b.closeCode]).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
  const again = rig.join(1, { epoch, token: a.welcome.token, last: 1 });
  run();
  expect(again.welcome).toMatchObject({ status: "new epoch", epoch: epoch + 1 });
});

test("B40: entries behind a hole are not delivered, and the room is opened anew", () => {
  const { engine, rigs, run } = gateways(1);
  const [rig] = rigs as [Rig];
  const a = rig.join(1);
  run();
  const entry = { kind: "message", member: 9, clientSeq: 1, bytes: new Uint8Array(1) } as const;
  rig.handle({ type: "sharedEntries", room: "main", first: engine.head + 2, entries: [entry] });
  expect(a.log()).toEqual(["1:join"]);
  expect(a.closeCode).toBe("UNAVAILABLE");
  expect(rig.outputsOf("unshare")).toHaveLength(1);
});
