/** What an EXECUTE starts, what it prints, and what it made (docs/rake.md R22 to R25). */
import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { exited } from "./fake-run.js";
import { needed, type Peer } from "./peers.js";
import { Rig } from "./rig.js";

const HOST = { cores: 4, heartbeatMs: 1_000_000 };
const IDLE = { reserved: 0, running: 0, uploads: 0, pinned: 0 };
const fill = (size: number): Uint8Array => new Uint8Array(size).fill(97);
const ended = (peer: Peer): string => `${peer.last("STATUS").end} ${peer.last("STATUS").text}`.trim();

test("R22: EXECUTE starts the command with its inputs, their modes, and the server's limits", () => {
  const rig = new Rig({ ...HOST, maxCpuSeconds: 7, maxMemoryBytes: 8, maxProcesses: 9, maxOpenFiles: 16 }, [
    needed("x"),
  ]);
  const inputs = [
    { path: "a/run.sh", mode: 0o755, digest: needed("x").digest },
    { path: "b", mode: 0o600, digest: needed("x").digest },
  ];
  const peer = rig.welcomed().start(1, { inputs: [needed("x")] }, { inputs });
  expect(rig.run().job).toEqual({
    command: "make",
    inputs,
    limits: {
      ...{ cpuSeconds: 7, memoryBytes: 8, processes: 9, openFiles: 16, fileBytes: 2 ** 32, folderBytes: 2 ** 34 },
      ...{ outputs: 10_000, outputBytes: 2 ** 34 },
    },
  });
  expect(peer.types.slice(-2)).toEqual(["BID", "STARTED"]);
  expect(rig.view).toMatchObject({ reserved: 0, running: 1, pinned: 1 });
  expect(rig.eventsOf("started")).toMatchObject([{ command: "make" }]);
});

test("R22: inputs that are not in the store are MISSING, and the reservation is renewed", () => {
  const rig = new Rig({ ...HOST, validForMs: 100 });
  const peer = rig.welcomed();
  const { reservation } = peer.bid(1, { inputs: [needed("x"), needed("y")] });
  peer.send(1, "x");
  rig.wait(90);
  const digests = [needed("x").digest, needed("y").digest];
  const inputs = ["a", "b", "c"].map((path, at) => ({ path, mode: 0o644, digest: digests[at % 2] ?? "" }));
  peer.execute(1, reservation, { inputs: [...inputs, { path: "d", mode: 0o644, digest: digests[1] ?? "" }] });
  expect(peer.last("MISSING").digests).toEqual([digests[1]]);
  rig.wait(90);
  peer.send(1, "y").execute(1, reservation, { inputs });
  expect(peer.of("STARTED")).toHaveLength(1);
});

test("R22: an EXECUTE of a reservation that is not held is EXPIRED, and costs nothing", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  const { reservation } = peer.bid(1);
  peer.execute(1, reservation + 100);
  expect(peer.last("EXPIRED")).toEqual({ type: "EXPIRED", actionId: 1, reservation: reservation + 100 });
  peer.execute(99, 5);
  expect(peer.last("EXPIRED")).toEqual({ type: "EXPIRED", actionId: 99, reservation: 5 });
  peer.execute(1, reservation);
  expect(peer.of("STARTED")).toHaveLength(1);
});

test("R15, R22: an EXECUTE that is not what was quoted is BAD_MESSAGE", () => {
  const at = (path: string, content = "x"): { path: string; mode: number; digest: string } => ({
    ...{ path, mode: 0o644, digest: needed(content).digest },
  });
  const wrongs: Parameters<Peer["execute"]>[2][] = [
    { command: "make something else" },
    { inputs: [at("a"), at("a")] },
    { inputs: [at("a/b/c"), at("a")] },
    { inputs: [at("a"), at("b"), at("a/b/c")] },
    { inputs: [at("a", "not quoted")] },
    { inputs: [at("a"), at("b"), at("c"), at("d")] },
  ];
  for (const wrong of wrongs) {
    const rig = new Rig({ ...HOST, maxInputs: 3 }, [needed("x")]);
    const peer = rig.welcomed();
    const { reservation } = peer.bid(1, { inputs: [needed("x")] });
    peer.execute(1, reservation, wrong);
    expect(peer.bye).toBe("BAD_MESSAGE");
    expect(rig.view).toMatchObject({ ...IDLE, connections: 0 });
    expect(rig.runs.size).toBe(0);
  }
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  peer.execute(1, peer.last("BID").reservation);
  expect(peer.bye).toBe("BAD_MESSAGE");
});

test("R15, R22: a BLOB behind its EXECUTE is BAD_MESSAGE", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1, { inputs: [needed("x")] });
  peer.send(1, "x");
  expect(peer.bye).toBe("BAD_MESSAGE");
});

test("R22: what cannot be started is FAILED, then DONE", () => {
  const rig = new Rig(HOST);
  rig.held.add("start");
  const peer = rig.welcomed().start(1);
  rig.tell({ type: "startFailed", run: rig.run().id, message: "no memory", gone: [] });
  expect(ended(peer)).toBe("FAILED no memory");
  expect(peer.types.slice(-2)).toEqual(["STATUS", "DONE"]);
  expect(rig.run().removes).toBe(1);
  expect(rig.view).toMatchObject(IDLE);
});

test("R44: with patterns the words are run, and other commands are not", () => {
  const rig = new Rig({ ...HOST, allow: ["cc *"] });
  const peer = rig.welcomed();
  peer.start(1, { command: "cc  -c a.c" });
  expect(rig.run().job.words).toEqual(["cc", "-c", "a.c"]);
  expect(peer.ask(2, { command: "cc -c a.c; rm b" })).toMatchObject({ type: "REFUSE", reason: "NOT_ALLOWED" });
});

test("R23: both streams come as they are written, whole, each with its offsets", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  rig.run().print("one ").print("ERR", "stderr").print("two");
  expect(peer.printed("STDOUT", 1)).toBe("one two");
  expect(peer.printed("STDERR", 1)).toBe("ERR");
  rig.run().print(" three").exits(7);
  expect(peer.printed("STDOUT", 1)).toBe("one two three");
  expect(peer.last("STATUS")).toMatchObject({ end: "EXITED", code: 7, wallMicros: 2_000, peakBytes: 4_096 });
  expect(peer.last("DONE")).toMatchObject({ stdoutBytes: 13, stderrBytes: 3, outputs: 0 });
});

test("R18, R23: no more is asked for than there is credit for, by streams and outputs together", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  const sent = (): number =>
    [...peer.of("STDOUT"), ...peer.of("STDERR"), ...peer.of("OUTPUT")].reduce((sum, { body }) => sum + body.length, 0);
  rig.run().print(fill(200_000)).print(fill(200_000), "stderr");
  expect(sent()).toBe(262_144);
  peer.say({ type: "CREDIT", actionId: 1, bytes: 10 });
  expect(sent()).toBe(262_154);
  peer.say({ type: "CREDIT", actionId: 1, bytes: 137_846 + 50 });
  rig.run().makes("out", fill(100)).exits();
  expect(sent()).toBe(400_050);
  expect(peer.of("DONE")).toHaveLength(0);
  peer.say({ type: "CREDIT", actionId: 1, bytes: 50 });
  expect(peer.last("DONE")).toMatchObject({ stdoutBytes: 200_000, stderrBytes: 200_000, outputs: 1 });
});

test("R18: a stalled output stops its own action and nobody else", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed();
  peer.start(1, { command: "one" }).start(2, { command: "two" });
  rig.run("one").print(fill(300_000)).exits();
  rig.run("two").print("ready").exits();
  expect(peer.of("DONE").map(({ actionId }) => actionId)).toEqual([2]);
});

test("R18: credit above 2^53 - 1 in sum is BAD_MESSAGE", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  peer.say({ type: "CREDIT", actionId: 1, bytes: 2 ** 53 - 1 - 262_144 });
  expect(peer.closed).toBeUndefined();
  peer.say({ type: "CREDIT", actionId: 1, bytes: 1 });
  expect(peer.bye).toBe("BAD_MESSAGE");
});

test("R23: of a connection that is full nothing is asked for until it has drained", () => {
  const rig = new Rig(HOST);
  const peer = rig.welcomed().start(1);
  const run = rig.run().print("a");
  peer.full();
  run.print("b").print("c");
  expect(rig.outputsOf("pull").length).toBe(3); // one for stderr, and the one that was asked for before
  expect(peer.printed("STDOUT", 1)).toBe("ab");
  peer.drained();
  expect(peer.printed("STDOUT", 1)).toBe("abc");
  run.makes("x", "x").exits();
  expect(peer.of("DONE")).toHaveLength(1);
});

test("R23: beyond maxStreamBytes of both together it is LIMITED", () => {
  const rig = new Rig({ ...HOST, maxStreamBytes: 10 });
  const peer = rig.welcomed().start(1).start(2);
  const [first, second] = [...rig.runs.values()];
  first?.print("12345").print("67890", "stderr").exits();
  expect(ended(peer)).toBe("EXITED");
  second?.print("12345").print("678901", "stderr");
  expect(ended(peer)).toBe("LIMITED maxStreamBytes");
  expect(second?.kills).toEqual([true]);
  expect(peer.last("DONE")).toMatchObject({ actionId: 2, stdoutBytes: 5, stderrBytes: 5 });
});

test("R24: STATUS, the outputs one after another, DONE; DONE when the slot is free", () => {
  const rig = new Rig({ ...HOST, cores: 1 });
  rig.held.add("remove");
  const peer = rig.welcomed().start(1);
  rig.run().makes("a", fill(100_000), 0o755).makes("empty", "").makes("d/b", "bee").exits();
  expect(peer.types.slice(-5)).toEqual(["STATUS", "OUTPUT", "OUTPUT", "OUTPUT", "OUTPUT"]);
  expect(
    peer.of("OUTPUT").map(({ path, mode, offset, last, body }) => [path, mode, offset, last, body.length]),
  ).toEqual([
    ["a", 0o755, 0, false, 65_536],
    ["a", 0o755, 65_536, true, 34_464],
    ["empty", 0o644, 0, true, 0],
    ["d/b", 0o644, 0, true, 3],
  ]);
  expect(peer.ask(2)).toMatchObject({ reason: "BUSY" });
  rig.letGo();
  expect(peer.last("DONE")).toEqual({ type: "DONE", actionId: 1, stdoutBytes: 0, stderrBytes: 0, outputs: 3 });
  expect(peer.ask(3).type).toBe("BID");
});

test("R24: outputs are of an exit code 0 alone", () => {
  for (const end of [
    exited(1),
    exited(9, { end: "SIGNALLED" }),
    exited(0, { end: "LIMITED", text: "maxCpuSeconds" }),
  ]) {
    const rig = new Rig(HOST);
    const peer = rig.welcomed().start(1);
    rig.run().makes("a", "x").exits(end);
    expect(rig.run().collects).toBe(0);
    expect(peer.last("STATUS")).toMatchObject({ end: end.end, code: end.code, text: end.text });
    expect(peer.last("DONE").outputs).toBe(0);
  }
});

test("R25: patterns are the driver's to match; what it finds too much or lacks is LIMITED, a disk that fails FAILED", () => {
  const rig = new Rig({ ...HOST, maxOutputs: 2, maxOutputBytes: 10 });
  const peer = rig.welcomed();
  const attempt = (actionId: number): void => {
    peer.start(actionId, {}, { outputs: ["*.o"] });
    rig.held.add("collect");
    rig.run().exits();
  };
  const collected = (outputs: readonly { path: string; size: number }[]): string => {
    const found = outputs.map((one) => ({ ...one, mode: 0o644, digest: "a".repeat(64) }));
    rig.tell({ type: "collected", run: rig.run().id, outputs: found });
    return ended(peer);
  };
  attempt(1);
  expect(rig.outputsOf("collect")).toMatchObject([{ wanted: ["*.o"], newestOnly: false }]);
  expect(collected(["a", "b", "c"].map((path) => ({ path, size: 1 })))).toBe("LIMITED maxOutputs");
  attempt(2);
  expect(collected(["a", "b"].map((path) => ({ path, size: 6 })))).toBe("LIMITED maxOutputBytes");
  attempt(3);
  expect(collected([{ path: "a\\b", size: 1 }])).toMatch(/^FAILED/);
  attempt(4);
  rig.tell({ type: "collectFailed", run: rig.run().id, limited: false, message: "no such device" });
  expect(ended(peer)).toBe("FAILED no such device");
  attempt(5);
  rig.tell({ type: "collectFailed", run: rig.run().id, limited: true, message: '"*.o" matches nothing' });
  expect(ended(peer)).toBe('LIMITED "*.o" matches nothing');
  expect(peer.of("DONE")).toHaveLength(5);
  expect(rig.view).toMatchObject(IDLE);
});
