/** Many who come at once (docs/broadcast.md B9, B12, B29). */
import { expect, test } from "vitest";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { running } from "./durable-server.js";
import { hello, type Peer, Rig } from "./rig.js";

/** A HELLO of its own client id. */
function come(rig: Rig, index: number): Peer {
  const clientId = new Uint8Array(16).fill(7);
  clientId[14] = index >>> 8;
  clientId[15] = index;
  return rig.connect().say(hello(1, { clientId, name: `m${index}` }));
}

/** So many within some milliseconds, the machine being woken when it wants to be. */
function rush(rig: Rig, count: number, overMs: number): Peer[] {
  return Array.from({ length: count }, (_, index) => {
    const peer = come(rig, index);
    rig.wait(overMs / count);
    return peer;
  });
}

const server = (options: ServerMachineOptions = {}): { rig: Rig; first: Peer } => {
  const rig = new Rig(options);
  return { rig, first: rig.join(1).ack(1) };
};

test("B12: 1,000 members who come within 100 ms make few BATCHes, and each is joined and welcome, once and in one order", () => {
  const { rig, first } = server();
  rig.wait(50);
  const peers = rush(rig, 1_000, 100);
  rig.wait(10);
  expect(first.of("batch").length).toBeLessThan(40);
  expect(first.log()).toEqual(Array.from({ length: 1_001 }, (_, index) => `${index + 1}:join`));
  for (const [index, peer] of peers.entries()) {
    expect(peer.welcome).toMatchObject({ status: "fresh", resumeFrom: index + 2, member: index + 2 });
    const [[number] = [0]] = peer.entries();
    expect(number).toBe(index + 2);
    expect(peer.entries().size).toBe(1_000 - index);
  }
  expect(rig.eventsOf("joined")).toHaveLength(1_001);
});

test("B9: a few who come together, and one who comes behind many, are welcome at once", () => {
  const { rig } = server();
  for (let index = 0; index < 15; index++) expect(come(rig, index).welcome.status).toBe("fresh");
  rig.wait(10);
  rush(rig, 200, 0);
  rig.wait(30);
  expect(come(rig, 999).welcome.status).toBe("fresh");
});

test("B9: nobody waits longer than 10 ms, and who publishes meanwhile waits for nobody", () => {
  const { rig, first } = server();
  const peers = rush(rig, 100, 0);
  const late = peers.at(-1) as Peer;
  expect(late.received).toEqual([]);
  rig.wait(9);
  expect(late.received).toEqual([]);
  rig.wait(1);
  expect(late.welcome).toMatchObject({ head: 101, resumeFrom: 101 });
  const next = rush(rig, 100, 0).length;
  expect(next).toBe(100);
  first.publish(1, "x");
  expect(first.pubacks()).toHaveLength(1);
  expect(first.log().at(-1)).toMatch(/:x$/);
});

test("B9, B22: who goes before its join is appended is joined all the same, and leaves; who comes again has one join", () => {
  const { rig, first } = server({ graceMs: 100 });
  const peers = rush(rig, 40, 0);
  (peers[30] as Peer).cut();
  (peers[31] as Peer).say({ type: "close", code: "LEAVE", text: "" });
  rig.wait(1_000);
  const changes = first.log().map((line) => line.split(":")[1]);
  expect(changes.filter((kind) => kind === "join")).toHaveLength(41);
  expect(changes.filter((kind) => kind === "leave")).toHaveLength(2);
  expect(rig.machine.view().rooms[0]).toMatchObject({ members: 39 });
});

test("B29: joins that wait when the server closes are stored before the mark of a clean close", () => {
  const { rig, store } = running();
  rush(rig, 40, 0);
  const before = store.pending(rig).length;
  rig.handle({ type: "shutdown" });
  const behind = store.pending(rig).slice(before);
  expect(behind.map(({ type }) => type)).toEqual(["storeSegment", "storeMeta"]);
  store.store(rig);
  expect(store.segments.reduce((sum, { count }) => sum + count, 0)).toBe(41);
  expect(store.meta?.clean).toBe(true);
});
