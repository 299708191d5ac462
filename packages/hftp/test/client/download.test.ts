import { describe, expect, it } from "vitest";
import { Download } from "../../src/core/download.js";
import type { DownloadMachineOptions } from "../../src/core/download-messages.js";
import { decodeDownloadState, encodeDownloadState } from "../../src/core/download-state.js";
import { MAX_CHECKS } from "../../src/core/part-content.js";
import { Ranges } from "../../src/core/ranges.js";
import { plainDigest } from "./plain-digest.js";
import { type Fault, SimulatedWorld } from "./simulated-world.js";

const small = { name: "f", sliceBytes: 1000, verifyBytes: 64, writeBytes: 400 } satisfies DownloadMachineOptions;
const file = Uint8Array.from({ length: 10_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
const none: Fault = { type: "none" };

/** The slices that were asked for, as [connection, offset, size]. */
function slices(world: SimulatedWorld): number[][] {
  return world.asked.flatMap(({ connection, request }) =>
    request.type === "get_slice" ? [[connection, request.offset, request.size]] : [],
  );
}

/** A world in which an earlier download got these ranges. */
function unfinished(done: readonly (readonly [number, number])[], size = file.length, name = "f"): SimulatedWorld {
  const world = new SimulatedWorld({ seed: 1, file });
  world.part = new Uint8Array(Math.max(0, ...done.map(([, end]) => end)));
  for (const [start, end] of done) world.part.set(file.slice(start, end), start);
  world.state = encodeDownloadState({ name, size, done: new Ranges(done) });
  return world;
}

describe("several connections", () => {
  it("H31: a server that serves one client at a time never answers the others: they are dropped, one does the work", () => {
    const world = new SimulatedWorld({ seed: 3, file, clientsAtATime: 1 });
    expect(world.run({ ...small, parallel: 4 })).toMatchObject({ type: "finished", sha256: plainDigest(file) });
    expect(new Set(slices(world).map(([connection]) => connection))).toEqual(new Set([1]));
    expect(world.mostConnections).toBe(4);
    expect(world.now).toBe(0); // nothing waited for the silent ones
  });

  it("H31: where the work lasts longer than connectTimeoutMs the silent ones are dropped and not made again", () => {
    const silent: Fault = { type: "silent" };
    // The first one answers, stands still in its first slice, and is given up after 30 s.
    const world = new SimulatedWorld({
      seed: 3,
      file,
      lineBytes: 48,
      faults: [{ type: "short" }, silent, silent, silent],
    });
    expect(world.run({ ...small, parallel: 4 })?.type).toBe("finished");
    expect(world.notices).toEqual(["DROPPED", "DROPPED", "DROPPED", "RETRY"]);
    expect(world.connections).toBe(5);
  });

  it("no more connections are made than there are slices", () => {
    const world = new SimulatedWorld({ seed: 4, file: file.slice(0, 2500) });
    world.run({ ...small, parallel: 8 });
    expect(world.mostConnections).toBe(3);
  });

  it("H40: a connection that keeps failing is given up after maxRetries, with growing waits in between", () => {
    const world = new SimulatedWorld({
      seed: 5,
      file,
      faults: [{ type: "cut", after: 800 }],
      lastFault: { type: "refused" },
    });
    const result = world.run({ ...small, maxRetries: 4, retryDelayMs: 100, maxRetryDelayMs: 300 });
    expect(result).toMatchObject({ type: "failed", resumable: true, error: { code: "RETRIES_EXHAUSTED" } });
    expect(world.connections).toBe(1 + 4);
    // 100, 200, 300, 300, each halved at most.
    expect(world.now).toBeGreaterThanOrEqual(450);
    expect(world.now).toBeLessThanOrEqual(900);
  });

  it("a first contact that fails is final: nothing is tried again, nothing is left", () => {
    const world = new SimulatedWorld({ seed: 6, file, faults: [{ type: "refused" }] });
    expect(world.run({ ...small, raw: true })).toMatchObject({ type: "failed", error: { code: "CONNECT_FAILED" } });
    expect([world.connections, world.part, world.state]).toEqual([1, undefined, undefined]);
  });

  it.each<Fault>([{ type: "long" }, { type: "short" }, { type: "changed", at: 500, to: 42 }])(
    "H39, H40: a server that breaks the protocol every time is given up, however much it sends: %j",
    (lastFault) => {
      const world = new SimulatedWorld({ seed: 5, file, lastFault });
      const result = world.run({ ...small, parallel: 2, writeBytes: 1, maxRetries: 4 });
      expect(result).toMatchObject({ type: "failed", error: { code: "RETRIES_EXHAUSTED" } });
    },
  );

  it("a connection that breaks off each time after some new bytes is not given up", () => {
    const world = new SimulatedWorld({ seed: 5, file, lineBytes: 48, lastFault: { type: "cut", after: 200 } });
    expect(world.run({ ...small, maxRetries: 1 })?.type).toBe("finished");
    expect(world.connections).toBeGreaterThan(40);
  });

  it("a slice that broke the protocol is fetched again as a whole, by a new connection", () => {
    const world = new SimulatedWorld({ seed: 7, file, faults: [none, none, { type: "long" }] });
    expect(world.run({ ...small, parallel: 3 })?.type).toBe("finished");
    expect(Buffer.from(world.final ?? [])).toEqual(Buffer.from(file));
    expect(world.notices).toContain("RETRY");
  });
});

describe("H32: nothing under the final name until it is whole", () => {
  it("an existing file is refused before anything is asked, and replaced where that was asked for", () => {
    const world = new SimulatedWorld({ seed: 8, file });
    world.final = Uint8Array.of(1);
    expect(world.run(small)).toMatchObject({ type: "failed", error: { code: "EXISTS" } });
    expect([world.connections, world.final.length]).toEqual([0, 1]);
    expect(world.run({ ...small, overwrite: true })?.type).toBe("finished");
    expect(world.final.length).toBe(file.length);
  });

  it("a .part file that another process writes is left alone, and nothing is asked; EXISTS is said first", () => {
    const owner = { id: "a", pid: 4711, started: "1", host: "here" };
    const world = new SimulatedWorld({ seed: 8, file, locked: { path: "/x/f.part.lock", owner } });
    world.part = Uint8Array.of(1);
    for (const resume of [false, true]) {
      expect(world.run({ ...small, resume })).toMatchObject({
        type: "failed",
        resumable: false,
        error: { code: "IN_USE", message: expect.stringMatching(/process 4711 on here .*\/x\/f\.part\.lock/) },
      });
    }
    expect([world.connections, world.part.length]).toEqual([0, 1]);
    world.final = Uint8Array.of(1);
    expect(world.run(small)).toMatchObject({ error: { code: "EXISTS" } });
  });

  it("a .part file that became another one at the last moment is no success, and nothing to go on with", () => {
    const world = new SimulatedWorld({ seed: 8, file, replaced: true });
    const error = { code: "FILE_ERROR", message: expect.stringMatching(/another file in the place of/) };
    expect(world.run(small)).toMatchObject({ type: "failed", resumable: false, error });
  });

  it("an empty file needs no slice", () => {
    const world = new SimulatedWorld({ seed: 9, file: new Uint8Array(0) });
    expect(world.run(small)).toMatchObject({ type: "finished", bytes: 0, sha256: plainDigest(new Uint8Array(0)) });
    expect(slices(world)).toEqual([]);
  });

  it("a full disk fails the download, and what was written can be resumed", () => {
    const world = new SimulatedWorld({ seed: 10, file, writesUntilFull: 9 });
    expect(world.run(small)).toMatchObject({ type: "failed", resumable: true, error: { code: "FILE_ERROR" } });
    expect(world.final).toBeUndefined();
    expect(decodeDownloadState(world.state ?? "", world.part?.length ?? 0)?.done.total).toBeGreaterThan(0);
  });

  it("H32: a whole file gets its name when the state is no longer being saved, however slow the disk is", () => {
    for (let seed = 0; seed < 8; seed++) {
      const world = new SimulatedWorld({ seed, file, slowDisk: seed % 2 === 0 });
      expect(world.run({ ...small, saveIntervalMs: 0 })?.type).toBe("finished");
      expect([world.final, world.part, world.state]).toEqual([file, undefined, undefined]);
    }
  });

  it("reading stops while more than maxPendingWriteBytes wait to be written", () => {
    const bounded = (maxPendingWriteBytes: number): number => {
      const world = new SimulatedWorld({ seed: 11, file, slowDisk: true });
      world.run({ ...small, sliceBytes: 10_000, writeBytes: 100, maxPendingWriteBytes });
      return world.mostPendingWriteBytes;
    };
    expect(bounded(500)).toBeLessThan(4000);
    expect(bounded(1e6)).toBeGreaterThan(bounded(500));
  });
});

describe("H33: going on", () => {
  it("fetches the bytes before each hole again, and then the holes alone", () => {
    const world = unfinished([
      [0, 3000],
      [5000, 7000],
    ]);
    expect(world.run({ ...small, resume: true })?.type).toBe("finished");
    expect(slices(world)).toEqual([
      [1, 2936, 64],
      [1, 6936, 64],
      [1, 3000, 1000],
      [1, 4000, 1000],
      [1, 7000, 1000],
      [1, 8000, 1000],
      [1, 9000, 1000],
    ]);
    expect(Buffer.from(world.final ?? [])).toEqual(Buffer.from(file));
    expect(world.notices).toEqual(["RESUMED"]);
  });

  it("a .part file with no hole is compared at its end, and only then gets its name", () => {
    const world = unfinished([[0, 10_000]]);
    expect(world.run({ ...small, resume: true })?.type).toBe("finished");
    expect(slices(world)).toEqual([[1, 9936, 64]]);
  });

  it.each([2936, 2999, 6936, 6999])("restarts from zero where byte %i before a hole differs", (at) => {
    const world = unfinished([
      [0, 3000],
      [5000, 7000],
    ]);
    if (world.part !== undefined) world.part[at] = (world.part[at] as number) ^ 1;
    expect(world.run({ ...small, parallel: 2, resume: true })?.type).toBe("finished");
    expect(Buffer.from(world.final ?? [])).toEqual(Buffer.from(file));
    expect(world.notices).toEqual(["RESUMED", "RESTARTED"]);
  });

  it("a range that is no longer than what would be compared is fetched again as a part of its hole", () => {
    const world = unfinished([
      [0, 3000],
      [4000, 4064],
      [5000, 5065],
    ]);
    expect(world.run({ ...small, resume: true })?.type).toBe("finished");
    expect(slices(world).slice(0, 4)).toEqual([
      [1, 2936, 64],
      [1, 5001, 64],
      [1, 3000, 1000],
      [1, 4000, 1000],
    ]);
  });

  it("H40: of a state file with more ranges than are compared the longest ones are kept; with 10,001 it is none", () => {
    const large = Uint8Array.from({ length: 40_004 }, (_, at) => (at * 31 + (at >> 8)) & 0xff);
    const scattered = (count: number): SimulatedWorld => {
      const world = new SimulatedWorld({ seed: 1, file: large });
      const done = Array.from({ length: count }, (_, at): [number, number] => [
        at * 4,
        at * 4 + (at % 10 === 0 ? 3 : 2),
      ]);
      world.part = large.slice();
      world.state = encodeDownloadState({ name: "f", size: large.length, done: new Ranges(done) });
      return world;
    };
    const checks = (world: SimulatedWorld): number => slices(world).filter(([, , size]) => size === 1).length;
    const options = { ...small, verifyBytes: 1, sliceBytes: 20_000, resume: true };
    const many = scattered(10_000);
    expect(many.run(options)?.type).toBe("finished");
    expect([many.notices, checks(many)]).toEqual([["RESUMED"], MAX_CHECKS]);
    expect(slices(many)[1]).toEqual([1, 42, 1]); // 0, 40, 80, ...: one in ten is longer
    const more = scattered(10_001);
    expect(more.run(options)?.type).toBe("finished");
    expect([more.notices, slices(more).length]).toEqual([["RESTARTED"], 3]);
    for (const { final } of [many, more]) expect(Buffer.from(final ?? []).equals(large)).toBe(true);
  });

  it("restarts from zero where the size or the name is another one", () => {
    for (const world of [unfinished([[0, 3000]], 10_001), unfinished([[0, 3000]], 10_000, "g")]) {
      expect(world.run({ ...small, resume: true })?.type).toBe("finished");
      expect(world.notices).toEqual(["RESTARTED"]);
      expect(slices(world)).toHaveLength(10);
    }
  });

  it("without resume an earlier .part file is discarded, which is said", () => {
    const world = unfinished([[0, 9000]]);
    expect(world.run(small)?.type).toBe("finished");
    expect(slices(world)).toHaveLength(10);
    expect(world.notices).toEqual(["DISCARDED"]);
    expect(world.said).toEqual(["9000 bytes of an earlier download are discarded; resume would have kept them"]);
  });

  it("nothing is said of an earlier .part file without a byte that is worth something", () => {
    const world = unfinished([]);
    expect(world.run(small)?.type).toBe("finished");
    expect(world.notices).toEqual([]);
    const killedAtOnce = unfinished([]); // before the state file was there: found by the property, at step 4
    killedAtOnce.state = undefined;
    expect(killedAtOnce.run({ ...small, resume: true })?.type).toBe("finished");
    expect(killedAtOnce.notices).toEqual([]);
  });

  it.each<[what: string, change: (world: SimulatedWorld) => void, why: RegExp]>([
    ["damaged", (world) => Object.assign(world, { state: world.state?.slice(1) }), /its state file is damaged/],
    ["not there", (world) => Object.assign(world, { state: undefined }), /it has no state file/],
    ["of another name", (world) => Object.assign(world, unfinished([[0, 9000]], 10_000, "g")), /of another file, g/],
    ["of another size", (world) => Object.assign(world, unfinished([[0, 9000]], 9999)), /had 9999 bytes .* 10000 now/],
  ])("a state file that is %s is told from the others, and resume would keep nothing", (_what, change, why) => {
    for (const resume of [true, false]) {
      const world = unfinished([[0, 9000]]);
      change(world);
      const said = resume ? /^the .part file cannot be gone on with, .*: from zero$/ : /^9000 bytes .* discarded$/;
      expect(world.run({ ...small, resume })?.type).toBe("finished");
      expect(world.notices).toEqual([resume ? "RESTARTED" : "DISCARDED"]);
      expect(world.said[0]).toMatch(said);
      if (resume) expect(world.said[0]).toMatch(why);
    }
  });
});

describe("the end", () => {
  it("H34: the size is asked for again after the last byte", () => {
    const world = new SimulatedWorld({ seed: 12, file });
    world.run(small);
    expect(world.asked.map(({ request }) => request.type)).toEqual([
      "get_metadata",
      ...Array.from({ length: 10 }, () => "get_slice"),
      "get_metadata",
    ]);
  });

  it.each([
    ["shorter, before the end: 203", 6, file.slice(0, 5000)],
    ["longer, before the end", 6, Uint8Array.of(...file, 1)],
    ["longer, after the last slice", 11, Uint8Array.of(...file, 1)],
  ])("H34: a file that gets %s fails, and nothing is left", (_title, after, other) => {
    const world = new SimulatedWorld({ seed: 13, file, change: { after, file: other } });
    expect(world.run(small)).toMatchObject({ type: "failed", resumable: false, error: { code: "SIZE_CHANGED" } });
    expect([world.part, world.state, world.final]).toEqual([undefined, undefined, undefined]);
  });

  it("H35: another digest than the expected one fails, and nothing is left", () => {
    const world = new SimulatedWorld({ seed: 14, file });
    const result = world.run({ ...small, expect: "0".repeat(64) });
    expect(result).toMatchObject({ type: "failed", resumable: false, error: { code: "DIGEST_MISMATCH" } });
    expect([world.part, world.state, world.final]).toEqual([undefined, undefined, undefined]);
  });

  it("H35: without an expected digest a change of bytes alone goes unseen: HFTP cannot tell", () => {
    const other = file.map((byte) => byte ^ 1);
    const world = new SimulatedWorld({ seed: 15, file, change: { after: 6, file: other } });
    expect(world.run(small)?.type).toBe("finished");
    expect(Buffer.from(world.final ?? [])).not.toEqual(Buffer.from(file));
  });

  it("H35: the expected digest may be in capitals", () => {
    const world = new SimulatedWorld({ seed: 16, file });
    expect(world.run({ ...small, expect: plainDigest(file).toUpperCase() })?.type).toBe("finished");
  });
});

describe("H36: raw", () => {
  const how = (world: SimulatedWorld): (string | boolean)[] =>
    world.asked.map(({ request }) => (request.type === "get_slice" ? request.raw : request.type)).slice(0, 3);

  it("is used after help was answered with 0", () => {
    const world = new SimulatedWorld({ seed: 17, file, knowsRaw: true });
    expect(world.run({ ...small, raw: true })?.type).toBe("finished");
    expect(how(world)).toEqual(["help", "get_metadata", true]);
  });

  it("is not used where help is refused, and not even asked about unless told to", () => {
    const old = new SimulatedWorld({ seed: 18, file });
    expect(old.run({ ...small, raw: true })?.type).toBe("finished");
    expect(how(old)).toEqual(["help", "get_metadata", false]);
    expect(old.notices).toEqual(["NOT_RAW"]);
    const modern = new SimulatedWorld({ seed: 19, file, knowsRaw: true });
    modern.run(small);
    expect(how(modern)).toEqual(["get_metadata", false, false]);
  });

  it.each<Fault>([{ type: "cut", after: 3 }, { type: "silent" }])(
    "is not used where help ends the connection: %j",
    (fault) => {
      const world = new SimulatedWorld({ seed: 20, file, knowsRaw: true, faults: [fault] });
      expect(world.run({ ...small, raw: true })?.type).toBe("finished");
      expect(world.asked.every(({ request }) => request.type !== "get_slice" || !request.raw)).toBe(true);
      expect(world.notices).toEqual(["NOT_RAW"]);
    },
  );
});

it("H40: wrong options are errors that name the option and what is accepted", () => {
  const make = (options: object): Download => new Download({ name: "f", ...options }, () => new Uint8Array(1));
  expect(() => make({ parallel: 0 })).toThrow(/parallel is 0, but must be a whole number from 1 to 64/);
  expect(() => make({ name: "../x" })).toThrow(/a file name that HFTP can ask for/);
  expect(() => make({ expect: "12" })).toThrow(/64 hexadecimal digits/);
  expect(() => make({ raw: 1 })).toThrow(/raw must be true or false/);
  expect(() => make({}).handle(0, { type: "tick" })).toThrow(/started once/);
});
