import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { encode } from "../../src/core/codec.js";
import { Rig } from "./rig.js";

test("B9, B12: a member joins, publishes, and everybody live is sent the same numbers", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const b = rig.join(2);
  a.publish(1, "x", "y");
  b.publish(1, "z");
  expect(a.welcome).toMatchObject({
    status: "fresh",
    member: 1,
    head: 1,
    firstRetained: 1,
    resumeFrom: 1,
    lastClientSeq: 0,
  });
  expect(b.welcome).toMatchObject({ status: "fresh", member: 2, head: 2, resumeFrom: 2 });
  expect(a.welcome.members).toEqual([{ member: 1, name: "n1" }]);
  expect(b.welcome.members).toEqual([
    { member: 1, name: "n1" },
    { member: 2, name: "n2" },
  ]);
  expect(a.log()).toEqual(["1:join", "2:join", "3:x", "4:y", "5:z"]);
  expect(b.log()).toEqual(["2:join", "3:x", "4:y", "5:z"]);
  expect(a.entries().get(4)).toMatchObject({ kind: "message", member: 1, clientSeq: 2 });
});

test("B12: all that one read brought is one BATCH, and one write of the same bytes to all who are live", () => {
  const rig = new Rig();
  const a = rig.join(1);
  rig.join(2);
  rig.outputs.length = 0;
  const publish = (first: number): Uint8Array =>
    encode({ type: "publish", firstClientSeq: first, payloads: [new Uint8Array(3), new Uint8Array(4)] });
  a.write(publish(1), publish(3), publish(5));
  const sends = rig.outputs.filter(({ type }) => type === "sendAll");
  expect(sends).toMatchObject([{ connections: [1, 2] }]);
  expect(a.of("batch").at(-1)).toMatchObject({ first: 3 });
  expect(a.of("batch").at(-1)?.entries).toHaveLength(6);
  expect(a.pubacks()).toEqual(["6@8"]);
});

test("B14: a PUBACK comes for each run of consecutive numbers, behind its entries", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const b = rig.join(2);
  a.publish(1, "x", "y");
  b.publish(1, "z");
  a.publish(3, "w");
  expect(a.pubacks()).toEqual(["2@4", "3@6"]);
  expect(b.pubacks()).toEqual(["1@5"]);
  const types = a.received.map(({ type }) => type);
  expect(types.lastIndexOf("puback")).toBeGreaterThan(types.lastIndexOf("batch"));
});

test("B13: what is committed is acknowledged again and not appended, what leaves a gap is BAD_SEQ", () => {
  const rig = new Rig();
  const a = rig.join(1);
  a.publish(1, "x", "y");
  a.publish(1, "x").publish(2, "y");
  expect(a.pubacks()).toEqual(["2@3", "2@3", "2@3"]);
  a.publish(2, "y", "z");
  expect(a.log()).toEqual(["1:join", "2:x", "3:y", "4:z"]);
  expect(a.pubacks().at(-1)).toBe("3@4");
  a.publish(5, "w");
  expect(a.closeCode).toBe("BAD_SEQ");
  expect(a.closed).toMatch(/BAD_SEQ.*5.*4/);
});

test("B15: a message above the limit uses up its client seq: a marker, and a PUBACK with the code that parts the runs", () => {
  const rig = new Rig({ maxMessageBytes: 4 });
  const a = rig.join(1);
  a.publish(1, "a", "b", "too long", "c");
  expect(a.log()).toEqual(["1:join", "2:a", "3:b", "4:marker", "5:c"]);
  expect(a.entries().get(4)?.bytes).toEqual(Uint8Array.of(1));
  expect(a.pubacks()).toEqual(["2@3", "3@4 too big", "4@5"]);
  const b = rig.join(2);
  b.publish(1, "too long");
  b.publish(1, "too long");
  expect(b.pubacks()).toEqual(["1@7 too big", "1@7 too big"]);
});

test("B16: more publishes without a PUBACK than the window are BAD_MESSAGE", () => {
  const rig = new Rig({ publishWindow: 3 });
  const a = rig.join(1);
  a.publish(1, "1", "2", "3").publish(4, "4", "5", "6");
  expect(a.closeCode).toBeUndefined();
  a.publish(7, "7", "8", "9", "10");
  expect(a.closeCode).toBe("BAD_MESSAGE");
});

test("B16: PUBACKs that a full connection is not sent count as outstanding, and come when it has drained", () => {
  const rig = new Rig({ publishWindow: 3 });
  const a = rig.join(1).full();
  a.publish(1, "1", "2").publish(3, "3");
  expect(a.pubacks()).toEqual([]);
  a.drained();
  expect(a.pubacks()).toEqual(["2@3", "3@4"]);
  a.full().publish(4, "4", "5").publish(6, "6").publish(7, "7");
  expect(a.closeCode).toBe("BAD_MESSAGE");
});

test("B16: above the publish rate a member is not read from until it may again, and is not taken for dead", () => {
  const rig = new Rig({ maxPublishRate: 10, heartbeatMs: 100 });
  const a = rig.join(1);
  const b = rig.join(2);
  a.publish(1, ...Array.from({ length: 13 }, String));
  expect(a.paused).toBe(true);
  expect(b.paused).toBe(false);
  rig.wait(299);
  expect(a.paused).toBe(true);
  rig.wait(1);
  expect(a.paused).toBe(false);
  expect(a.closed).toBeUndefined();
  a.publish(14, "x");
  expect(a.paused).toBe(true);
});

test("B2: an observer gets the entries, has no session, is no member and may not publish", () => {
  const rig = new Rig();
  const o = rig.observe();
  const a = rig.join(1);
  a.publish(1, "x");
  expect(o.welcome).toMatchObject({ member: 0, token: new Uint8Array(16), head: 0, firstRetained: 1, resumeFrom: 1 });
  expect(o.log()).toEqual(["1:join", "2:x"]);
  expect(rig.observe({ start: "live" }).welcome).toMatchObject({ resumeFrom: 3, members: [{ member: 1, name: "n1" }] });
  o.publish(1, "y");
  expect(o.closeCode).toBe("BAD_MESSAGE");
  expect(a.log()).toEqual(["1:join", "2:x"]);
});
