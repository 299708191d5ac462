import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { exited } from "./fake-run.js";
import { needed, type V1Peer } from "./peers.js";
import { Rig } from "./rig.js";

const HOST = { allowV1: true, cores: 1, heartbeatMs: 1_000_000 };
const fill = (size: number): Uint8Array => new Uint8Array(size).fill(97);

test("R9, R11: a quote is answered by the cost of R29, reserves nothing, and the connection is closed", () => {
  for (const dialect of ["v1-4", "v1-8"] as const) {
    const rig = new Rig({ ...HOST, unknownWorkMs: 300, speed: 2_000 });
    const quote = (): V1Peer => rig.connectV1(dialect).says({ type: "QUOTE_REQUEST" });
    expect(quote()).toMatchObject({ events: [{ type: "QUOTE_REPLY", cost: 150 }], closed: "quoted" });
    expect(rig.view).toMatchObject({ reserved: 0, connections: 0 });
    rig.welcomed().start(1, { workMs: 1_000 });
    rig.wait(100);
    expect(quote().events).toEqual([{ type: "QUOTE_REPLY", cost: 400 + 1_500 }]);
  }
});

test("R8, R9: files, each with its ACK, a command, its newest output; in both dialects", () => {
  for (const dialect of ["v1-4", "v1-8"] as const) {
    const rig = new Rig(HOST);
    const peer = rig.connectV1(dialect).file("a.txt", "hello").file("empty", "");
    expect(peer.events).toEqual([{ type: "ACK" }, { type: "ACK" }]);
    expect(rig.view).toMatchObject({ storeFiles: 2, pinned: 2, reserved: 0 });
    peer.executes("cat a.txt > out");
    expect(rig.run().job).toMatchObject({
      command: "cat a.txt > out",
      inputs: [
        { path: "a.txt", digest: needed("hello").digest, mode: 0o755 },
        { path: "empty", digest: needed("").digest, mode: 0o755 },
      ],
    });
    rig.run().print("lost").makes("old", "old").makes("d/out", fill(100_000)).exits();
    expect(rig.outputsOf("collect")).toMatchObject([{ newestOnly: true, wanted: [] }]);
    expect(peer.events.slice(2)).toEqual([
      { type: "RETURN_STATUS" },
      { type: "RETURN_FILE", name: "out", size: 100_000 },
    ]);
    expect([peer.body.length, peer.closed]).toEqual([100_000, "answered"]);
    expect(rig.view).toMatchObject({ running: 0, pinned: 0, connections: 0 });
  }
});

test("R9: a whole client in one read, or byte by byte, is answered the same", () => {
  const rig = new Rig(HOST);
  // SEND_FILE "a" of one byte, then EXECUTE "x"
  const bytes = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 1, 97, 0, 0, 0, 1, 98, 0, 0, 0, 5, 0, 0, 0, 1, 120);
  const [whole, bits] = [rig.connectV1(), rig.connectV1()];
  whole.write(bytes);
  rig.run().exits();
  for (const byte of bytes) bits.write(Uint8Array.of(byte));
  rig.run().exits();
  expect(whole.events).toEqual([{ type: "ACK" }, { type: "NO_OUTPUT" }]);
  expect(bits.events).toEqual(whole.events);
});

test("R9: a status of 1 to 4 is told with stderr, of 5 and above with stdout", () => {
  for (const [code, type, body] of [
    [1, "RETURN_STDERR", "err"],
    [4, "RETURN_STDERR", "err"],
    [5, "RETURN_STDOUT", "out"],
    [255, "RETURN_STDOUT", "out"],
  ] as const) {
    const rig = new Rig(HOST);
    const peer = rig.connectV1().executes("x");
    rig.run().print("out").print("err", "stderr").makes("file", "x").exits(code);
    expect(peer.events).toEqual([{ type, status: code, size: 3 }]);
    expect([peer.body, peer.closed]).toEqual([body, "answered"]);
  }
});

test("R9: a death by signal n is 128 + n; a timeout 124, a limit or a failure 125, with their texts", () => {
  const statusOf = (end: Parameters<typeof exited>[1], code: number): unknown => {
    const rig = new Rig(HOST);
    const peer = rig.connectV1().executes("x");
    rig.run().print("out").exits(exited(code, end));
    const [event] = peer.events;
    return [event?.type === "RETURN_STDOUT" ? event.status : event?.type, peer.body];
  };
  expect(statusOf({ end: "SIGNALLED" }, 9)).toEqual([137, "out"]);
  expect(statusOf({ end: "LIMITED", text: "maxCpuSeconds" }, 0)).toEqual([125, "outmaxCpuSeconds\n"]);
  expect(statusOf({ end: "FAILED", text: "no" }, 0)).toEqual([125, "outno\n"]);
  const rig = new Rig({ ...HOST, maxActionMs: 100 });
  const peer = rig.connectV1().executes("sleep");
  rig.wait(100);
  expect(peer.events).toEqual([{ type: "RETURN_STDOUT", status: 124, size: 0 }]);
});

test("R9: a stream is cut to maxV1StringBytes, and all of it is read", () => {
  const rig = new Rig({ ...HOST, maxV1StringBytes: 100_000 });
  const peer = rig.connectV1().executes("x");
  rig.run().print(fill(500_000)).exits(9);
  expect(peer.events).toEqual([{ type: "RETURN_STDOUT", status: 9, size: 100_000 }]);
  expect(peer.body.length).toBe(100_000);
});

test("R9: a name that is no basename, two files of one name, or one that is too large, close the connection", () => {
  const wrongs: ((peer: V1Peer) => void)[] = [
    (peer) => peer.write(Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 3, 97, 47, 98, 0, 0, 0, 0)),
    (peer) => peer.write(Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 2, 46, 46, 0, 0, 0, 0)),
    (peer) => peer.file("a", "1").file("a", "2"),
    (peer) => peer.says({ type: "BIN_FILE", name: "a", size: 1_001 }),
    (peer) => peer.file("a", "1").says({ type: "QUOTE_REQUEST" }),
    (peer) => peer.file("a", "1").file("b", "2").file("c", "3"),
    (peer) => peer.executes("x").executes("y"),
  ];
  for (const wrong of wrongs) {
    const rig = new Rig({ ...HOST, maxBlobBytes: 1_000, maxInputs: 2 });
    const peer = rig.connectV1();
    wrong(peer);
    expect(peer.closed).toBeDefined();
    rig.letGo();
    expect(rig.view).toMatchObject({ running: 0, uploads: 0, pinned: 0, connections: 0 });
  }
});

test("R10: v1 without progress for v1IdleMs is closed; while its command runs or waits it is not idle", () => {
  const rig = new Rig({ ...HOST, v1IdleMs: 100 });
  const [half, running, waiting] = [rig.connectV1(), rig.connectV1(), rig.connectV1()];
  half.says({ type: "SEND_FILE", name: "a", size: 5 });
  running.executes("x");
  waiting.executes("y");
  rig.wait(90);
  half.write(fill(2));
  rig.wait(99);
  expect(half.closed).toBeUndefined();
  rig.wait(1);
  expect(half.closed).toBe("idle");
  rig.wait(10_000);
  expect([running.closed, waiting.closed, rig.view.uploads]).toEqual([undefined, undefined, 0]);
  running.full();
  rig.wait(100);
  expect(running.closed).toBe("idle");
});

test("R11: an action waits for a slot in its turn, maxV1Waiting at most; a bid does not overtake it", () => {
  const rig = new Rig({ ...HOST, maxV1Waiting: 2 });
  const v2 = rig.welcomed().start(1);
  const [first, second, third] = ["a", "b", "c"].map((command) => rig.connectV1().executes(command));
  expect(third?.closed).toBe("too many wait for a slot");
  expect(rig.runs.size).toBe(1);
  rig.run().exits();
  expect(rig.run().job.command).toBe("a");
  expect(v2.ask(2)).toMatchObject({ reason: "BUSY" });
  first?.cut();
  expect(rig.run().job.command).toBe("b");
  rig.run().exits();
  expect(second?.events).toEqual([{ type: "NO_OUTPUT" }]);
  expect(v2.ask(3).type).toBe("BID");
});

test("R11: who vanishes while it waits is not waited for", () => {
  const rig = new Rig(HOST);
  rig.welcomed().start(1);
  const peer = rig.connectV1().file("a", "1").executes("x");
  peer.cut();
  rig.run().exits();
  expect(rig.view).toMatchObject({ running: 0, reserved: 0, pinned: 0 });
  expect(rig.runs.size).toBe(1);
});

test("R11: the command waits until the files before it stand in the store", () => {
  const rig = new Rig(HOST);
  rig.held.add("endUpload");
  const peer = rig.connectV1().file("a", "1").file("b", "2").executes("x");
  rig.perform("endUpload", false);
  expect([peer.events.length, rig.runs.size]).toEqual([1, 0]);
  rig.letGo();
  expect([peer.events.length, rig.runs.size]).toEqual([2, 1]);
});

test("R11, R47: a client that sends faster than the disk takes is not read from", () => {
  const rig = new Rig(HOST);
  rig.held.add("writeUpload");
  const peer = rig.connectV1().says({ type: "BIN_FILE", name: "a", size: 1_000_000 });
  for (let at = 0; at < 4; at++) peer.write(fill(65_536));
  expect(peer.isPaused).toBe(false);
  peer.write(fill(1));
  expect(peer.isPaused).toBe(true);
  for (let at = 0; at < 3; at++) rig.perform("writeUpload", false);
  expect(peer.isPaused).toBe(true);
  rig.letGo();
  expect(peer.isPaused).toBe(false);
});

test("R11, R46: a store without room closes the connection, and so does a file that is gone from it", () => {
  const rig = new Rig({ ...HOST, maxStoreBytes: 5 });
  const full = rig.connectV1().file("a", "1234").says({ type: "BIN_FILE", name: "b", size: 2 });
  expect(full.closed).toBe("the store is full");
  const peer = rig.connectV1().file("a", "12345");
  rig.store.clear();
  peer.executes("x");
  expect(peer.closed).toBe("a file is gone from the store");
  expect(rig.view).toMatchObject({ running: 0, reserved: 0, pinned: 0, storeFiles: 0 });
  expect(rig.run().removes).toBe(1);
});

test("R18: an output waits for who is full", () => {
  const rig = new Rig(HOST);
  const peer = rig.connectV1().executes("x");
  const run = rig.run();
  peer.full();
  run.makes("out", fill(10)).exits();
  expect(peer.body).toBe("");
  peer.drained();
  expect(peer.body.length).toBe(10);
});

test("R44: v1 runs nothing that no pattern allows", () => {
  const rig = new Rig({ ...HOST, allow: ["cc *"] });
  expect(rig.connectV1().executes("rm x").closed).toBe('no pattern allows the command; allowed: "cc *"');
  rig.connectV1().executes("cc x");
  expect(rig.run().job.words).toEqual(["cc", "x"]);
});

test("R45: a client of v1 that vanishes frees its slot, uploads and folder", () => {
  const rig = new Rig(HOST);
  const half = rig.connectV1().says({ type: "BIN_FILE", name: "a", size: 9 });
  half.write(fill(3)).cut();
  const peer = rig.connectV1().file("a", "1").executes("x");
  peer.cut();
  expect(rig.run()).toMatchObject({ kills: [true], removes: 1 });
  expect(rig.view).toMatchObject({ running: 0, uploads: 0, pinned: 0, connections: 0 });
});
