/** How attempts end that do not end by themselves, and clients and servers that do (docs/rake.md R26, R45, R55, R56). */
import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { needed, type Peer } from "./peers.js";
import { Rig } from "./rig.js";

const HOST = { cores: 4, heartbeatMs: 1_000_000 };
const IDLE = { reserved: 0, running: 0, uploads: 0, pinned: 0 };
const fill = (size: number): Uint8Array => new Uint8Array(size).fill(97);
const ended = (peer: Peer): string => `${peer.last("STATUS").end} ${peer.last("STATUS").text}`.trim();

test("R26: CANCEL is SIGTERM, SIGKILL after killMs, then STATUS CANCELLED and DONE", () => {
  const rig = new Rig({ ...HOST, killMs: 100 });
  const peer = rig.welcomed().start(1);
  const run = rig.run();
  run.heeds = false;
  peer.say({ type: "CANCEL", actionId: 1 });
  rig.wait(99);
  expect(run.kills).toEqual([false]);
  rig.wait(1);
  expect(run.kills).toEqual([false, true]);
  expect(peer.types.slice(-3)).toEqual(["STARTED", "STATUS", "DONE"]);
  expect(peer.last("STATUS")).toMatchObject({ end: "CANCELLED", code: 0, cpuMicros: 1_000 });
  expect(rig.view).toMatchObject(IDLE);
});

test("R26: CANCEL is answered before an EXECUTE, before STARTED, while outputs are looked for, and behind STATUS", () => {
  const states: ((rig: Rig, peer: Peer) => void)[] = [
    (_, peer) => peer.bid(1, { inputs: [needed("x")] }),
    (rig, peer) => {
      rig.held.add("start");
      peer.start(1);
    },
    (rig, peer) => {
      rig.held.add("collect");
      peer.start(1);
      rig.run().exits();
    },
    (rig, peer) => {
      peer.start(1);
      rig.run().exits(0, true);
    },
  ];
  for (const reach of states) {
    const rig = new Rig(HOST);
    const peer = rig.welcomed();
    reach(rig, peer);
    peer.say({ type: "CANCEL", actionId: 1 }, { type: "CANCEL", actionId: 1 });
    rig.letGo();
    expect(peer.of("STATUS").map(({ end }) => end)).toEqual(["CANCELLED"]);
    expect(peer.types.at(-1)).toBe("DONE");
    expect(rig.view).toMatchObject(IDLE);
  }
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  rig.held.add("readOutput");
  rig.run().makes("a", "a").exits();
  peer.say({ type: "CANCEL", actionId: 1 });
  rig.letGo();
  expect(peer.types.slice(-2)).toEqual(["STATUS", "DONE"]);
  expect([peer.last("STATUS").end, peer.last("DONE").outputs]).toEqual(["EXITED", 0]);
});

test("R26: RELEASE of a running action ends it without a word", () => {
  const rig = new Rig({ ...HOST, killMs: 100 });
  const peer = rig.welcomed().start(1);
  const said = peer.types.length;
  rig.run().heeds = false;
  peer.say({ type: "RELEASE", actionId: 1, reservation: peer.last("BID").reservation });
  expect(rig.run().kills).toEqual([false]);
  expect(rig.view.running).toBe(1);
  rig.wait(100);
  expect(rig.run()).toMatchObject({ kills: [false, true], removes: 1 });
  expect(peer.types).toHaveLength(said);
  expect(rig.view).toMatchObject(IDLE);
});

test("R26, R55: a timeout is SIGKILL at once; what was printed comes whole, then STATUS TIMED_OUT", () => {
  const rig = new Rig({ ...HOST, killMs: 100, maxActionMs: 1_000 });
  const peer = rig.welcomed().start(1, { command: "short" }, { timeoutMs: 500 });
  peer.start(2, { command: "long" }, { timeoutMs: 5_000 }).start(3, { command: "any" });
  peer.full();
  rig.run("short").print("last words");
  rig.wait(499);
  expect(rig.run("short").kills).toEqual([]);
  peer.drained();
  rig.wait(1);
  expect(rig.run("short").kills).toEqual([true]);
  expect(ended(peer)).toBe("TIMED_OUT");
  expect(peer.printed("STDOUT", 1)).toBe("last words");
  rig.wait(499);
  expect(peer.of("STATUS")).toHaveLength(1);
  rig.wait(1);
  expect(peer.of("STATUS").map(({ actionId, end }) => [actionId, end])).toEqual([
    [1, "TIMED_OUT"],
    [2, "TIMED_OUT"],
    [3, "TIMED_OUT"],
  ]);
});

test("R55: the timeout counts until the streams end; what does not end after its SIGKILL is waited for no more", () => {
  const rig = new Rig({ ...HOST, killMs: 100 });
  const peer = rig.welcomed().start(1, {}, { timeoutMs: 500 });
  rig.held.add("kill");
  rig.run().exits(0, true);
  rig.wait(499);
  expect(peer.of("STATUS")).toHaveLength(0);
  rig.wait(100);
  expect(peer.of("STATUS")).toHaveLength(0);
  rig.wait(1);
  expect(ended(peer)).toBe("TIMED_OUT");
  rig.letGo();
  expect(rig.view).toMatchObject(IDLE);
});

test("R45: a client that vanishes frees slots, reservations, uploads, processes and folders", () => {
  const rig = new Rig(HOST, [needed("there")]);
  const peer = rig.welcomed();
  peer.start(1, { command: "one" }).start(2, { command: "two" });
  rig.run("two").exits(0, true);
  peer.bid(3, { inputs: [needed("there"), needed(fill(7))] });
  peer.piece(3, fill(7), 0, 3);
  expect(rig.view).toMatchObject({ reserved: 1, uploads: 1, running: 2 });
  const other = rig.welcomed().start(1, { command: "other" });
  rig.held.add("remove");
  peer.cut();
  expect(rig.run("one").kills).toEqual([true]);
  expect(rig.view).toMatchObject({ connections: 1, reserved: 0, uploads: 0, running: 3 });
  rig.letGo();
  expect(rig.view).toMatchObject({ running: 1, pinned: 0 });
  rig.run("other").exits();
  expect(other.types.at(-1)).toBe("DONE");
});

test("R45: what was whole when its client vanished is kept when it comes to stand", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  peer.bid(1, { inputs: [needed("x"), needed(fill(2))] });
  rig.held.add("endUpload");
  peer.send(1, "x").piece(1, fill(2), 0, 1);
  expect(rig.view.uploads).toBe(2);
  peer.cut();
  expect(rig.view.uploads).toBe(1);
  rig.letGo();
  expect(rig.view).toMatchObject({ uploads: 0, storeFiles: 1, pinned: 0 });
  expect(rig.store.size).toBe(1);
});

test("R55: an output that cannot be read behind the STATUS ends the connection, and the attempt did not end", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  rig.held.add("readOutput");
  rig.run().makes("a", "abc").exits();
  rig.tell({ type: "outputFailed", run: rig.run().id, index: 0, message: "changed" });
  expect(peer.types.slice(-2)).toEqual(["STATUS", "BYE"]);
  expect(peer.of("BYE")[0]).toMatchObject({ code: "END", text: 'the output "a" cannot be read: changed' });
  rig.letGo();
  expect(rig.view).toMatchObject({ ...IDLE, connections: 0 });
});

test("R55: who does not take the outputs within maxActionMs is sent BYE IDLE", () => {
  const rig = new Rig({ ...HOST, maxActionMs: 1_000 });
  const peer = rig.welcomed().start(1);
  rig.run().makes("a", fill(300_000)).exits();
  rig.wait(999);
  expect(peer.closed).toBeUndefined();
  rig.wait(1);
  expect(peer.bye).toBe("IDLE");
  expect(rig.view).toMatchObject(IDLE);
});

test("R47: many empty outputs are said in turns, none is lost", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  for (let at = 0; at < 100; at++) rig.run().makes(`f${at}`, "");
  rig.run().exits();
  expect(peer.of("OUTPUT").length).toBeLessThan(50);
  rig.wait(1);
  expect(peer.of("OUTPUT")).toHaveLength(100);
  expect(peer.last("DONE").outputs).toBe(100);
});

test("R56: a server that ends says BYE SHUTDOWN, removes every run, and is idle then", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  const silent = rig.connect();
  rig.held.add("remove");
  rig.tell({ type: "shutdown" });
  expect([peer.bye, silent.closed, rig.idle]).toEqual(["SHUTDOWN", "the server ends", 0]);
  expect(rig.run()).toMatchObject({ kills: [true], removes: 1 });
  expect(rig.connect().bye).toBe("SHUTDOWN");
  rig.letGo();
  rig.wait(10_000);
  expect(rig.idle).toBe(1);
  const other = new Rig(HOST);
  other.tell({ type: "shutdown" });
  expect(other.idle).toBe(1);
});
