import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { needed, type Peer } from "./peers.js";
import { Rig } from "./rig.js";

const HOST = { cores: 4, heartbeatMs: 1_000_000, validForMs: 1_000_000 };
const fill = (size: number, byte = 1): Uint8Array => new Uint8Array(size).fill(byte);
const place = (content: string | Uint8Array, path = "x"): { path: string; digest: string; mode: number } => ({
  ...{ path, mode: 0o644, digest: needed(content).digest },
});

/** Runs an action that needs what is in the store, and ends it. */
function use(rig: Rig, peer: Peer, actionId: number, content: string | Uint8Array): void {
  const { missing } = peer.bid(actionId, { inputs: [needed(content)] });
  if (missing.length > 0) peer.send(actionId, content);
  const { reservation } = peer.of("BID").at(-1) ?? { reservation: 0 };
  peer.execute(actionId, reservation, { inputs: [place(content)] });
  rig.run().exits();
  expect(peer.types.at(-1)).toBe("DONE");
}

test("R18: a client may send 262,144 bytes for an action, and what CREDIT adds as it is written away", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  const large = fill(400_000);
  peer.bid(1, { inputs: [needed(large)] });
  rig.held.add("writeUpload");
  for (let at = 0; at < 4; at++) peer.piece(1, large, at * 65_536, (at + 1) * 65_536);
  expect(peer.of("CREDIT")).toEqual([]);
  rig.perform("writeUpload", false);
  expect(peer.of("CREDIT")).toEqual([{ type: "CREDIT", actionId: 1, bytes: 65_536 }]);
  peer.piece(1, large, 262_144, 327_680);
  expect(peer.closed).toBeUndefined();
  peer.piece(1, large, 327_680, 327_681);
  expect(peer.bye).toBe("BAD_MESSAGE");
});

test("R18: each action has its own credit", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  const [one, two] = [fill(300_000, 1), fill(262_144, 2)];
  peer.bid(1, { inputs: [needed(one)] });
  peer.bid(2, { inputs: [needed(two)] });
  rig.held.add("writeUpload").add("endUpload");
  for (let at = 0; at < 4; at++) peer.piece(1, one, at * 65_536, (at + 1) * 65_536);
  for (let at = 0; at < 4; at++) peer.piece(2, two, at * 65_536, (at + 1) * 65_536);
  expect(peer.closed).toBeUndefined();
  rig.letGo();
  expect(peer.of("ACK").map(({ actionId, code }) => [actionId, code])).toEqual([[2, "OK"]]);
});

test("R21: a file that is whole and has its digest is stored and acknowledged; empty ones too", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  const { missing } = peer.bid(1, { inputs: [needed("hello"), needed("")] });
  expect(missing).toHaveLength(2);
  peer.send(1, "hello", undefined, 2).send(1, "");
  expect(peer.of("ACK").map(({ digest, code }) => [digest, code])).toEqual(missing.map((digest) => [digest, "OK"]));
  expect(rig.view).toMatchObject({ storeFiles: 2, storeBytes: 5, pinned: 2, uploads: 0 });
});

test("R21: what has another digest is WRONG_DIGEST, is not kept, and may be sent again", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  peer.bid(1, { inputs: [needed("right")] });
  peer.send(1, "wrong", needed("right").digest);
  expect(peer.last("ACK").code).toBe("WRONG_DIGEST");
  expect(rig.view).toMatchObject({ storeFiles: 0, storeBytes: 0, pinned: 0 });
  peer.send(1, "right");
  expect(peer.last("ACK").code).toBe("OK");
});

test("R21: a disk that is full, or fails, is told by the ACK at once, and what still comes is skipped", () => {
  for (const [diskFull, code] of [
    [true, "STORE_FULL"],
    [false, "FAILED"],
  ] as const) {
    const rig = new Rig(HOST);
    const peer = rig.welcomed();
    const large = fill(600_000);
    peer.bid(1, { inputs: [needed(large), needed("b")] });
    rig.held.add("writeUpload");
    peer.piece(1, large, 0, 65_536);
    rig.tell({ type: "uploadFailed", upload: [...rig.uploads.keys()][0] ?? 0, message: "", diskFull });
    expect(peer.of("ACK").map((ack) => ack.code)).toEqual([code]);
    for (let at = 1; at < 9; at++) peer.piece(1, large, at * 65_536, (at + 1) * 65_536);
    expect(peer.of("CREDIT").reduce((sum, { bytes }) => sum + bytes, 0)).toBe(9 * 65_536);
    peer.piece(1, large, 9 * 65_536, 600_000).send(1, "b");
    expect(peer.of("ACK").map((ack) => ack.code)).toEqual([code, "OK"]);
    expect([peer.closed, rig.view.uploads]).toEqual([undefined, 0]);
  }
});

test("R21: what was not kept may begin again before its end", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  const bytes = fill(100);
  peer.bid(1, { inputs: [needed(bytes)] });
  peer.piece(1, bytes, 0, 50);
  rig.tell({ type: "uploadFailed", upload: [...rig.uploads.keys()][0] ?? 0, message: "", diskFull: false });
  peer.send(1, bytes);
  expect(peer.of("ACK").map(({ code }) => code)).toEqual(["FAILED", "OK"]);
});

test("R15, R21: a piece that is not the next is BAD_MESSAGE", () => {
  const bytes = fill(100);
  const other = fill(100, 2);
  const wrongs: ((peer: Peer) => void)[] = [
    (peer) => peer.piece(1, bytes, 10, 20),
    (peer) => peer.piece(1, bytes, 0, 20).piece(1, bytes, 30, 40),
    (peer) => peer.piece(1, bytes, 0, 20).piece(1, bytes, 0, 20),
    (peer) => peer.piece(1, bytes, 0, 20).piece(1, other, 0, 20),
    (peer) => peer.piece(1, bytes, 0, 0),
    (peer) => peer.send(1, "what nobody quoted"),
    (peer) => peer.send(1, "of another size", needed(bytes).digest),
    (peer) => peer.send(1, bytes).send(1, bytes),
  ];
  for (const wrong of wrongs) {
    const rig = new Rig(HOST);
    const peer = rig.welcomed();
    peer.bid(1, { inputs: [needed(bytes), needed(other)] });
    rig.held.add("endUpload");
    wrong(peer);
    expect(peer.bye).toBe("BAD_MESSAGE");
    rig.letGo();
    expect(rig.view).toMatchObject({ uploads: 0, reserved: 0, pinned: 0 });
  }
});

test("R21: what two attempts bring at a time is written twice and kept once", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  for (const actionId of [1, 2]) expect(peer.bid(actionId, { inputs: [needed("same")] }).missing).toHaveLength(1);
  rig.held.add("endUpload");
  peer.send(1, "same").send(2, "same");
  rig.letGo();
  expect(peer.of("ACK").map(({ actionId, code }) => [actionId, code])).toEqual([
    [1, "OK"],
    [2, "OK"],
  ]);
  expect(rig.view).toMatchObject({ storeFiles: 1, storeBytes: 4, pinned: 1 });
});

test("R46: the least recently used that is not pinned goes first", () => {
  const rig = new Rig({ ...HOST, maxStoreBytes: 10 });
  const peer = rig.welcomed();
  use(rig, peer, 1, "aaaa");
  use(rig, peer, 2, "bbbb");
  use(rig, peer, 3, "aaaa");
  use(rig, peer, 4, "cccc");
  expect([...rig.store.keys()].sort()).toEqual([needed("aaaa").digest, needed("cccc").digest].sort());
  expect(rig.eventsOf("evicted").map(({ digest }) => digest)).toEqual([needed("bbbb").digest]);
  peer.bid(5, { inputs: [needed("aaaa")] });
  use(rig, peer, 6, "dddd");
  expect(rig.store.has(needed("aaaa").digest)).toBe(true);
  expect(rig.store.has(needed("cccc").digest)).toBe(false);
  expect(rig.view.storeBytes).toBe(8);
});

test("R46: where all that is there is pinned, it is STORE_FULL", () => {
  const rig = new Rig({ ...HOST, maxStoreBytes: 10 });
  const peer = rig.welcomed();
  peer.bid(1, { inputs: [needed("aaaa")] });
  peer.send(1, "aaaa");
  expect(peer.ask(2, { inputs: [needed("bbbbbbb")] })).toMatchObject({ type: "REFUSE", reason: "STORE_FULL" });
  expect(rig.view).toMatchObject({ reserved: 1, pinned: 1 });
  // Both are told that there is room, and one of them is first.
  for (const actionId of [3, 4]) peer.bid(actionId, { inputs: [needed(`cccc${actionId}`)] });
  rig.held.add("endUpload");
  peer.send(3, "cccc3").send(4, "cccc4");
  rig.letGo();
  expect(peer.of("ACK").map(({ actionId, code }) => [actionId, code])).toEqual([
    [1, "OK"],
    [4, "STORE_FULL"],
    [3, "OK"],
  ]);
});

test("R46: a file does not go while another upload is about to stand in its place", () => {
  const rig = new Rig({ ...HOST, maxStoreBytes: 12 });
  const peer = rig.welcomed();
  const bids = [1, 2].map((actionId) => peer.bid(actionId, { inputs: [needed("aaaa")] }));
  rig.held.add("endUpload");
  peer.send(1, "aaaa").send(2, "aaaa");
  rig.perform("endUpload", false);
  peer.say({ type: "RELEASE", actionId: 1, reservation: bids[0]?.reservation ?? 0 });
  expect(rig.view.pinned).toBe(0);
  peer.ask(3, { inputs: [needed("bbbbbb")] });
  peer.send(3, "bbbbbb");
  expect(rig.outputsOf("evict")).toEqual([]);
  rig.letGo();
  peer.execute(2, bids[1]?.reservation ?? 0, { inputs: [place("aaaa")] });
  expect(peer.of("STARTED")).toHaveLength(1);
});

test("R46: a file that the store has lost is MISSING at its use, and its reservation goes on", () => {
  const rig = new Rig({ ...HOST, cores: 1 });
  const peer = rig.welcomed();
  const { reservation } = peer.bid(1, { inputs: [needed("x")] });
  peer.send(1, "x");
  rig.store.clear();
  peer.execute(1, reservation, { inputs: [place("x")] });
  expect(peer.last("MISSING")).toEqual({ type: "MISSING", actionId: 1, digests: [needed("x").digest] });
  expect(rig.view).toMatchObject({ reserved: 1, running: 0, storeFiles: 0, pinned: 0 });
  expect(rig.run().removes).toBe(1);
  peer.send(1, "x").execute(1, reservation, { inputs: [place("x")] });
  rig.run().exits();
  expect(peer.types.slice(-4)).toEqual(["ACK", "STARTED", "STATUS", "DONE"]);
  expect(rig.view).toMatchObject({ reserved: 0, running: 0, pinned: 0, storeFiles: 1 });
});
