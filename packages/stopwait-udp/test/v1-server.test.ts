/** The v1 server alone: what it answers, what it drops, what it forgets, and where its limits are. */
import { describe, expect, it } from "vitest";
import { LocalProtocolError } from "../src/core/errors.js";
import { V1Server, type V1ServerOptions } from "../src/core/v1-server.js";
import { MemoryDisk, type MemoryDiskOptions } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { Bench } from "./v1-bench.js";
import { CLIENT, content, SERVER, text } from "./v1-pair.js";

const A1 = "A100001ack";
const F1 = "FF00001I'm Done";
const AF1 = "AF00001ack";
const FILE = "incorrect file my dear child";

function serve(disk: MemoryDiskOptions = {}, options: Partial<V1ServerOptions> = {}): Bench & { machine: V1Server } {
  const machine = new V1Server({ platform: plainPlatform(), writable: true, ...options });
  return new Bench(machine, new MemoryDisk(disk)) as Bench & { machine: V1Server };
}
const client = (port: number): typeof CLIENT => ({ ...CLIENT, port });
const away = (host: string): typeof CLIENT => ({ host, port: 4_000 });

describe("sessions", () => {
  it("S18: G is answered by D1 until A1 has come", () => {
    const server = serve({ files: { file: content(200) } });
    const [first] = server.take("G000000file");
    expect(server.take("G000000file")).toEqual([first]);
    expect(server.take(A1)[0]).toMatch(/^D000002/);
    expect(server.take("G000000file")).toEqual([]);
    expect(server.disk.counts.get("open-source")).toBe(1);
  });

  it("S19: a repeated acknowledgement brings the block again, an older one nothing", () => {
    const server = serve({ files: { file: content(300) } });
    server.take("G000000file");
    server.take(A1);
    const [third] = server.take("A000002ack");
    expect(third).toMatch(/^D100003/);
    expect(server.take("A000002ack")).toEqual([third]);
    expect(server.take(A1)).toEqual([]);
    expect(server.take("A000004ack")).toEqual([]);
    expect(server.take("A000000ack")).toEqual([]);
    expect(server.machine.drops.unexpected).toBe(3);
  });

  it("S21: P is answered by A0 until D1 has come, and D by A once it is written", () => {
    const server = serve();
    expect(server.take("P000000file")).toEqual(["A000000ack"]);
    expect(server.take("P000000file")).toEqual(["A000000ack"]);
    server.isSlow = true;
    expect(server.take("D100001x")).toEqual([]);
    expect(server.take("D100001x")).toEqual([]);
    expect(server.take("P000000file")).toEqual([]);
    expect(server.take(F1)).toEqual([]);
    expect(server.work()).toEqual([A1]);
    expect(server.take("D100001x")).toEqual([A1]);
    expect(server.take("P000000file")).toEqual([]);
    expect(server.take("FF00000I'm Done")).toEqual([]);
    expect(server.disk.counts.get("write-part")).toBe(1);
  });

  it("S16: while the disk works, a repeated request starts nothing twice", () => {
    const server = serve({ files: { file: text("x") } });
    server.isSlow = true;
    for (const packet of ["G000000file", "G000000file", "G000000file"]) expect(server.take(packet)).toEqual([]);
    expect(server.waiting.length).toBe(1);
    expect(server.machine.nextDeadline()).toBeUndefined();
    expect(server.work()).toEqual(["D100001x"]);
    server.take(A1);
    server.take(A1);
    expect(server.waiting.map(({ type }) => type)).toEqual(["check-source"]);
    expect(server.work()).toEqual(["FF00000I'm Done"]);
  });

  it("S16: a request for something else waits until the session is over or forgotten", () => {
    const server = serve({ files: { file: text("x"), other: text("y") } });
    server.take("G000000file");
    for (const packet of ["G000000other", "P000000file", "P000000new"]) expect(server.take(packet)).toEqual([]);
    server.wait(30_000);
    expect(server.take("G000000other")).toEqual(["D100001y"]);
    server.take(A1);
    expect(server.take("G000000other")).toEqual([]);
    expect(server.take("G000000file")).toEqual(["D100001x"]); // S19: after F another name starts anew
  });

  it("S17: what is dropped does not keep a session alive, what is answered does", () => {
    const server = serve();
    server.take("P000000file");
    server.take("D100001x");
    server.wait(29_999);
    server.take("D100003x");
    server.take("P000000file");
    server.take("P000000file", client(1));
    expect(server.disk.openFiles).toBe(2);
    server.wait(1);
    expect(server.served).toEqual(["put abandoned silence 1"]);
    expect(server.disk.openFiles).toBe(1);
    server.wait(29_998);
    server.take("P000000file", client(1));
    server.wait(29_999);
    expect(server.disk.openFiles).toBe(1);
    server.wait(1);
    expect([server.disk.openFiles, server.disk.partKeys, server.disk.names]).toEqual([0, [], []]);
  });

  it("S17: silence is noticed by whatever comes, not by a tick alone", () => {
    const server = serve();
    server.take("P000000file");
    server.now += 30_000; // nobody woke it
    expect(server.take("D100001x")).toEqual([]);
    expect(server.disk.openFiles).toBe(0);
  });

  it("S22: for 30 s after the commit F is acknowledged again and P dropped; then nothing is known", () => {
    const server = serve({ files: { other: text("y") } }, { overwrite: true });
    for (const packet of ["P000000file", "D100001x"]) server.take(packet);
    expect(server.take(F1)).toEqual([AF1]);
    server.wait(29_999);
    expect(server.take(F1)).toEqual([AF1]);
    expect(server.take("P000000file")).toEqual([]);
    expect(server.take("FF00002I'm Done")).toEqual([]);
    server.wait(1); // an F in between does not make it longer
    expect(server.take(F1)).toEqual([]);
    expect(server.take("P000000file")).toEqual(["A000000ack"]);
    expect(server.disk.read("file")).toEqual(text("x"));
  });

  it("S22: after the commit any other request starts anew at once", () => {
    const server = serve({ files: { other: text("y") } });
    for (const packet of ["P000000file", "D100001x", F1]) server.take(packet);
    expect(server.take("G000000file")).toEqual(["D100001x"]);
    expect(server.take(F1)).toEqual([]);
    expect(server.disk.counts.get("commit-part")).toBe(1);
  });

  it("S22: while the commit lasts, F is answered once, when it is done", () => {
    const server = serve();
    for (const packet of ["P000000file", "D100001x"]) server.take(packet);
    server.isSlow = true;
    expect([...server.take(F1), ...server.take(F1), ...server.take("P000000file")]).toEqual([]);
    server.wait(60_000);
    expect(server.work()).toEqual([AF1]);
    expect(server.served).toEqual(["put done ok 1"]);
  });
});

describe("failures", () => {
  it.each([
    [
      "S20: a file that changes while it is sent ends in E, not in F",
      (disk: MemoryDisk) => disk.change("file", text("zzz")),
    ],
    ["S20: a file that becomes shorter, too", (disk: MemoryDisk) => disk.change("file", text(""))],
  ])("%s", (_, change) => {
    const server = serve({ files: { file: text("abc") } });
    server.take("G000000file");
    change(server.disk);
    expect(server.take(A1)).toEqual([`E000001${FILE}`]);
    expect(server.take(A1)).toEqual([`E000001${FILE}`]);
    expect(server.served).toEqual(["get failed changed 3"]);
    expect(server.disk.openFiles).toBe(0);
  });

  it("S20: a file that cannot be read ends in E as the answer to the request", () => {
    const server = serve({
      files: { file: text("abc") },
      before: (effect) => (effect.type === "read-source" ? "failed" : undefined),
    });
    expect(server.take("G000000file")).toEqual([`E000000${FILE}`]);
    expect(server.take("G000000file")).toEqual([`E000000${FILE}`]);
    expect(server.disk.openFiles).toBe(0);
  });

  it("S23: a block that cannot be written is answered by E, and the part is deleted", () => {
    const server = serve({ capacityBytes: 100 });
    server.take("P000000file");
    server.take(`D100001${"x".repeat(100)}`);
    const error = "E000002there is no room for the file";
    expect(server.take("D000002y")).toEqual([error]);
    expect(server.take("D000002y")).toEqual([error]);
    expect(server.take(F1)).toEqual([]);
    expect([server.disk.openFiles, server.disk.partKeys]).toEqual([0, []]);
    expect(server.served).toEqual(["put failed full 100"]);
  });

  it("S23: a commit that fails is answered by E with the number of F, never by its acknowledgement", () => {
    const server = serve();
    for (const packet of ["P000000file", "D100001x"]) server.take(packet);
    server.disk.place("file", text("somebody else's"));
    const error = "E000001there is a file of this name";
    expect(server.take(F1)).toEqual([error]);
    expect(server.take(F1)).toEqual([error]);
    expect(server.take("P000000file")).toEqual([]);
    expect(server.disk.read("file")).toEqual(text("somebody else's"));
    expect(server.disk.openFiles).toBe(0);
    expect(server.served).toEqual(["put failed exists 1"]);
  });

  it.each([
    ["missing", "incorrect file name my dear child", "incorrect file name my dear child"],
    ["outside", "incorrect file name my dear child", "incorrect file name my dear child"],
    ["not-regular", "incorrect file name my dear child", "incorrect file name my dear child"],
    ["denied", FILE, FILE],
    ["failed", FILE, FILE],
    ["exists", FILE, "there is a file of this name"],
    ["full", FILE, "there is no room for the file"],
  ] as const)("S24: the text for %s", (fact, ofGet, ofPut) => {
    const server = serve({ before: (effect) => (effect.type.startsWith("open") ? fact : undefined) });
    expect(server.take("G000000file")).toEqual([`E000000${ofGet}`]);
    expect(server.take("P000000file")).toEqual([`E000000${ofPut}`]);
    expect(server.served).toEqual([`get refused ${fact} 0`, `put refused ${fact} 0`]);
    expect(server.machine.memories + server.machine.liveSessions).toBe(0);
    expect(server.machine.nextDeadline()).toBeUndefined();
  });

  it("S24: a server takes no files unless it is told to", () => {
    const server = serve({}, { writable: false });
    expect(server.take("P000000file")).toEqual(["E000000this server takes no files"]);
    expect(server.disk.counts.size).toBe(0);
  });
});

describe("limits", () => {
  it("S25: other machines are not answered at all, unless v1 is allowed, and may not write even then", () => {
    const closed = serve({ files: { file: text("x") } });
    expect(closed.take("G000000file", away("192.0.2.7"))).toEqual([]);
    expect(closed.machine.drops.forbidden).toBe(1);
    for (const host of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
      expect(closed.take("G000000file", away(host))).toEqual(["D100001x"]);
    }
    expect(closed.take("G000000file", away("127.0.0.1.example"))).toEqual([]);
    const open = serve({ files: { file: text("x") } }, { allowV1: true });
    expect(open.take("G000000file", away("192.0.2.7"))).toEqual(["D100001x"]);
    expect(open.take("P000000new", away("192.0.2.8"))[0]).toMatch(/^E000000this server takes no files by/);
    const writing = serve({}, { allowV1: true, insecureWrite: true });
    expect(writing.take("P000000new", away("192.0.2.8"))).toEqual(["A000000ack"]);
  });

  it("S26: a host that is not this machine gets so many answers a second", () => {
    const server = serve({ files: { file: text("x") } }, { allowV1: true, answersPerSecond: 3 });
    const ask = (host: string): number => [1, 2, 3, 4, 5].flatMap(() => server.take("G000000file", away(host))).length;
    expect([ask("192.0.2.7"), ask("192.0.2.8"), ask("127.0.0.1")]).toEqual([3, 3, 5]);
    server.wait(334);
    expect(ask("192.0.2.7")).toBe(1);
    server.wait(10_000);
    expect(ask("192.0.2.7")).toBe(3);
    expect(server.machine.drops.limited).toBe(2 + 2 + 4 + 2);
  });

  it("S26: beyond 1,024 hosts new ones wait until others have been silent", () => {
    const server = serve({}, { allowV1: true, answersPerSecond: 2 });
    const ask = (host: number): number => server.take("G000000no", away(`host-${host}`)).length;
    for (let host = 1; host <= 1_024; host++) expect(ask(host)).toBe(1);
    expect(ask(1_025)).toBe(0);
    server.wait(500);
    expect(ask(1_025)).toBe(1);
  });

  it("S27: above maxSessions a request is dropped, and let in when it comes again later", () => {
    const server = serve({ files: { file: text("x") } }, { maxSessions: 2 });
    for (const port of [1, 2]) expect(server.take("G000000file", client(port))).toEqual(["D100001x"]);
    expect(server.take("G000000file", client(3))).toEqual([]);
    expect(server.machine.drops.full).toBe(1);
    expect(server.disk.openFiles).toBe(2);
    server.take(A1, client(1)); // over: it is only remembered
    expect([server.machine.liveSessions, server.machine.memories]).toEqual([1, 1]);
    expect(server.take("G000000file", client(3))).toEqual(["D100001x"]);
  });

  it("S27: above maxMemories too, and nothing is forgotten early", () => {
    const server = serve({ files: { file: text("x") } }, { maxMemories: 2 });
    for (const port of [1, 2]) for (const packet of ["G000000file", A1]) server.take(packet, client(port));
    expect(server.take("G000000file", client(3))).toEqual([]);
    expect(server.take(A1, client(1))).toEqual(["FF00000I'm Done"]);
    server.wait(30_000);
    expect(server.take("G000000file", client(3))).toEqual(["D100001x"]);
  });

  it("S27: a session reads 6,400 bytes at a time", () => {
    const lengths: number[] = [];
    const server = serve({
      files: { file: content(20_000) },
      before: (effect) => void (effect.type === "read-source" && lengths.push(effect.length)),
    });
    server.take("G000000file");
    for (let number = 1; number <= 200; number++) server.take(`A${number % 2}${String(number).padStart(5, "0")}ack`);
    expect(lengths).toEqual([6_400, 6_400, 6_400, 800]);
    expect(server.served).toEqual(["get done ok 20000"]);
  });

  it.each([["maxSessions"], ["maxMemories"], ["answersPerSecond"], ["forgetMs"]] as const)(
    "S27: %s must be a whole number from 1",
    (name) => {
      for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => new V1Server({ platform: plainPlatform(), [name]: wrong })).toThrow(RangeError);
      }
    },
  );
});

describe("the driver's side", () => {
  it("S16: stopping closes every file, deletes the parts, and ends all answers", () => {
    const server = serve({ files: { file: text("x") } });
    server.take("G000000file");
    server.take("P000000new", client(2));
    server.isSlow = true;
    server.take("G000000file", client(3));
    server.stop();
    server.work();
    expect([server.disk.openFiles, server.disk.partKeys]).toEqual([0, []]);
    expect(server.served).toEqual(["get abandoned stopped 0", "put abandoned stopped 0", "get abandoned stopped 0"]);
    expect(server.take("G000000file")).toEqual([]);
    expect(server.machine.nextDeadline()).toBeUndefined();
  });

  it("S16: the result of an effect that nobody asked for is the driver's mistake", () => {
    const { machine } = serve();
    expect(machine.awaits(7)).toBe(false);
    expect(() => machine.handle(0, { type: "part-written", id: 7 })).toThrow(LocalProtocolError);
  });

  it("S9: answers go to whoever asked", () => {
    const { machine } = serve({ files: { file: text("x") } });
    const outputs = machine.handle(0, { type: "datagram", from: { ...SERVER, port: 9 }, bytes: text("P000000../x") });
    expect(outputs[0]).toMatchObject({ type: "datagram", to: { ...SERVER, port: 9 } });
  });
});
