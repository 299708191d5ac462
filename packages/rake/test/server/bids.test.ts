import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { exited } from "./fake-run.js";
import { needed, type Peer } from "./peers.js";
import { Rig } from "./rig.js";

const HOST = { cores: 4, heartbeatMs: 1_000_000 };

test("R19: a bid reserves a slot, names what is missing, and pins what is there", () => {
  const rig = new Rig(HOST, [needed("there")]);
  const bid = rig.welcomed().bid(1, { inputs: [needed("there"), needed("missing"), needed("missing")] });
  expect(bid).toMatchObject({ actionId: 1, validForMs: 5_000, missing: [needed("missing").digest] });
  expect(rig.view).toMatchObject({ reserved: 1, running: 0, pinned: 1 });
});

test("R19: a reservation ends validForMs after its bid, and its client is told", () => {
  const rig = new Rig({ ...HOST, validForMs: 100 }, [needed("x")]);
  const peer = rig.welcomed();
  const { reservation } = peer.bid(1, { inputs: [needed("x")] });
  rig.wait(99);
  expect(rig.view).toMatchObject({ reserved: 1, pinned: 1 });
  rig.wait(1);
  expect(rig.view).toMatchObject({ reserved: 0, pinned: 0 });
  expect(peer.of("EXPIRED")).toEqual([{ type: "EXPIRED", actionId: 1, reservation }]);
  peer.execute(1, reservation);
  expect(peer.of("EXPIRED")).toHaveLength(2);
  expect(rig.runs.size).toBe(0);
});

test("R19: BLOBs and ACKs renew a reservation; what waits for the store does not end", () => {
  const rig = new Rig({ ...HOST, validForMs: 100 });
  const peer = rig.welcomed();
  const bytes = new Uint8Array(60_000).fill(1);
  const { reservation } = peer.bid(1, { inputs: [needed(bytes)] });
  rig.wait(90);
  peer.piece(1, bytes, 0, 20_000);
  rig.wait(90);
  rig.held.add("endUpload");
  peer.piece(1, bytes, 20_000, 40_000).piece(1, bytes, 40_000, 60_000);
  rig.wait(1_000);
  rig.letGo();
  expect(peer.last("ACK").code).toBe("OK");
  rig.wait(90);
  peer.execute(1, reservation, { inputs: [{ path: "x", mode: 0o644, digest: needed(bytes).digest }] });
  expect(peer.of("STARTED")).toHaveLength(1);
});

test("R19: a client that sends byte by byte renews nothing", () => {
  const rig = new Rig({ ...HOST, validForMs: 100 });
  const peer = rig.welcomed();
  const bytes = new Uint8Array(50_000).fill(1);
  peer.bid(1, { inputs: [needed(bytes)] });
  for (let at = 0; at < 10; at++) {
    peer.piece(1, bytes, at, at + 1);
    rig.wait(10);
  }
  expect(peer.of("EXPIRED")).toHaveLength(1);
  expect(rig.view).toMatchObject({ reserved: 0, uploads: 0 });
});

test("R19: an input that comes again and again, and an EXECUTE without its inputs, renew twice and no more", () => {
  const again: ((peer: Peer, reservation: number) => unknown)[] = [
    (peer) => peer.send(1, "x"),
    (peer) => peer.send(1, "y", needed("x").digest), // WRONG_DIGEST
    (peer, reservation) => {
      peer.execute(1, reservation, { inputs: [{ path: "x", mode: 0o644, digest: needed("x").digest }] });
    },
  ];
  for (const one of again) {
    const rig = new Rig({ ...HOST, validForMs: 100 });
    const peer = rig.welcomed();
    const { reservation } = peer.bid(1, { inputs: [needed("x"), needed("never brought")] });
    for (let times = 0; times < 4 && peer.of("EXPIRED").length === 0; times++) {
      rig.wait(90);
      if (peer.of("EXPIRED").length === 0) one(peer, reservation);
    }
    expect(peer.of("EXPIRED")).toHaveLength(1);
    expect(rig.view).toMatchObject({ reserved: 0, pinned: 0 });
  }
});

test("R19: what its client brings renews a reservation for maxReservedMs at most, whatever waits for the store", () => {
  const rig = new Rig({ ...HOST, validForMs: 100, maxReservedMs: 1_000 });
  const peer = rig.welcomed();
  const bytes = new Uint8Array(2_000_000).fill(1);
  peer.bid(1, { inputs: [needed(bytes), needed("x")] });
  const began = rig.now;
  for (let at = 0; at < bytes.length && peer.of("EXPIRED").length === 0; at += 20_000) {
    peer.piece(1, bytes, at, at + 20_000);
    rig.wait(90);
  }
  expect(rig.now - began).toBe(1_080);
  expect(rig.view).toMatchObject({ reserved: 0, uploads: 0 });
  peer.bid(2, { inputs: [needed("x")] });
  rig.held.add("endUpload");
  peer.send(2, "x");
  rig.wait(999);
  expect(rig.view.reserved).toBe(1);
  rig.wait(1);
  expect([rig.view.reserved, peer.of("EXPIRED").length]).toEqual([0, 2]);
});

test("R19: a server whose slots are all taken is BUSY until the first is expected to be free", () => {
  const rig = new Rig({ ...HOST, cores: 2, validForMs: 500 });
  const [a, b] = [rig.welcomed(), rig.welcomed()];
  a.start(1, { workMs: 300 });
  expect(b.ask(1).type).toBe("BID");
  rig.wait(100);
  expect(b.ask(2)).toMatchObject({ type: "REFUSE", reason: "BUSY", retryAfterMs: 200 });
  rig.run().exits();
  expect(b.ask(3).type).toBe("BID");
  expect(rig.view).toMatchObject({ reserved: 2, running: 0 });
});

test("R19: a run that takes longer than expected is not waited for in vain", () => {
  const rig = new Rig({ ...HOST, cores: 1 });
  const peer = rig.welcomed();
  peer.start(1, { workMs: 10 });
  rig.wait(1_000);
  expect(peer.ask(2)).toMatchObject({ reason: "BUSY", retryAfterMs: 100 });
});

test("R19: a client holds at most maxReservations that it did not use", () => {
  const rig = new Rig({ ...HOST, maxReservations: 2 });
  const [a, b] = [rig.welcomed(), rig.welcomed()];
  const first = a.bid(1);
  a.bid(2);
  expect(a.ask(3)).toMatchObject({ reason: "BUSY" });
  expect(b.ask(1).type).toBe("BID");
  a.execute(1, first.reservation);
  expect(a.ask(4).type).toBe("BID");
});

test("R19: what this server never takes is refused, whatever is free", () => {
  const limits = { maxInputs: 2, maxBlobBytes: 10, maxStoreBytes: 15 };
  const rig = new Rig({ ...HOST, ...limits, resources: ["gpu"], allow: ["cc *"] });
  const peer = rig.welcomed();
  const of = (size: number, digit: string): { digest: string; size: number } => ({ digest: digit.repeat(64), size });
  const ask = (changes: object): unknown => peer.ask(1, { command: "cc a", ...changes });
  expect(ask({ command: "rm a" })).toMatchObject({ reason: "NOT_ALLOWED" });
  expect(ask({ resources: ["gpu", "disk"] })).toMatchObject({ reason: "RESOURCE", text: "disk" });
  expect(ask({ inputs: [of(1, "a"), of(1, "b"), of(1, "c")] })).toMatchObject({ reason: "LIMIT" });
  expect(ask({ inputs: [of(11, "a")] })).toMatchObject({ reason: "LIMIT" });
  expect(ask({ inputs: [of(8, "a"), of(8, "b")] })).toMatchObject({ reason: "LIMIT" });
  expect(rig.view.reserved).toBe(0);
  expect(ask({ resources: ["gpu"], inputs: [of(10, "a"), of(5, "b")] })).toMatchObject({ type: "BID" });
});

test("R20: RELEASE ends a reservation, its uploads and its pins; that of another reservation does not", () => {
  const rig = new Rig({ ...HOST, cores: 1 }, [needed("there")]);
  const peer = rig.welcomed();
  const bytes = new Uint8Array(100);
  const { reservation } = peer.bid(1, { inputs: [needed("there"), needed(bytes)] });
  peer.piece(1, bytes, 0, 50);
  peer.say({ type: "RELEASE", actionId: 1, reservation: reservation + 1 });
  expect(rig.view).toMatchObject({ reserved: 1, uploads: 1, pinned: 1 });
  peer.say({ type: "RELEASE", actionId: 1, reservation });
  expect(rig.view).toMatchObject({ reserved: 0, uploads: 0, pinned: 0 });
  expect(rig.uploads.size).toBe(0);
  peer.piece(1, bytes, 50, 100);
  expect(peer.closed).toBeUndefined();
  expect(peer.ask(2).type).toBe("BID");
});

test("R29: the price is queue + run + transfer + charge", () => {
  const rig = new Rig({ ...HOST, speed: 2_000, resources: ["gpu", "disk"], chargeMs: { gpu: 70, disk: 5 } });
  const inputs = [{ digest: "a".repeat(64), size: 20 * 2 ** 20 }];
  expect(rig.welcomed().bid(1, { workMs: 600, inputs, resources: ["gpu", "gpu"] })).toMatchObject({
    ...{ queueMs: 0, runMs: 300, transferMs: 2_000, chargeMs: 70, costMs: 2_370 },
  });
});

test("R29: busy cores and our own attempts leave a smaller share, at least a tenth", () => {
  const rig = new Rig({ ...HOST, cores: 3, slots: 8 });
  const peer = rig.welcomed();
  const run = (actionId: number): number => peer.bid(actionId, { workMs: 900 }).runMs;
  rig.tell({ type: "load", busyCores: 1.5 });
  expect(run(1)).toBe(900);
  expect(run(2)).toBe(1_800);
  expect(run(3)).toBe(9_000);
  expect(run(4)).toBe(9_000);
});

test("R29: an unknown command is taken for unknownWorkMs, and prices stay integers", () => {
  const rig = new Rig({ ...HOST, unknownWorkMs: 444, speed: 1 });
  const peer = rig.welcomed();
  expect(peer.bid(1).runMs).toBe(444_000);
  const { costMs } = peer.bid(2, { workMs: 2 ** 53 - 1 });
  expect(Number.isSafeInteger(costMs)).toBe(true);
});

test("R30: the server learns the duration of a kind times its speed, the last weighing 0.3, of what succeeded", () => {
  const rig = new Rig({ ...HOST, speed: 2_000, learned: { link: 50 } });
  const peer = rig.welcomed();
  const took = (actionId: number, code: number, wallMicros: number): void => {
    peer.start(actionId, { kind: "compile" });
    rig.run().exits(exited(code, { wallMicros }));
  };
  took(1, 0, 100_000);
  expect(rig.machine.learned()).toEqual({ link: 50, compile: 200 });
  took(2, 1, 900_000);
  took(3, 0, 200_000);
  expect(rig.machine.learned()).toEqual({ link: 50, compile: 260 });
  expect(peer.bid(4, { kind: "compile" }).runMs).toBe(130);
  expect(peer.bid(5, { kind: "compile", workMs: 40 }).runMs).toBe(20);
});

test("R29: the bandwidth is measured by uploads above 64 KiB", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  const large = new Uint8Array(100_000).fill(5);
  peer.bid(1, { inputs: [needed(large), needed("small")] });
  peer.send(1, "small");
  peer.piece(1, large, 0, 50_000);
  rig.wait(1_000);
  peer.piece(1, large, 50_000, 100_000);
  expect(peer.bid(2, { inputs: [{ digest: "b".repeat(64), size: 200_000 }] }).transferMs).toBe(2_000);
  expect(rig.welcomed().bid(1, { inputs: [{ digest: "b".repeat(64), size: 10 * 2 ** 20 }] }).transferMs).toBe(1_000);
});
