/** The v1 clients alone: what they send, how they wait, and how they end. */
import { describe, expect, it } from "vitest";
import { V1GetClient } from "../src/core/v1-get-client.js";
import { V1PutClient } from "../src/core/v1-put-client.js";
import { MemoryDisk, type MemoryDiskOptions } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { Bench } from "./v1-bench.js";
import { content, SERVER, text } from "./v1-pair.js";

const given = { server: SERVER, remoteName: "there", localName: "here", platform: plainPlatform() };
const getting = (disk: MemoryDiskOptions = {}): Bench => new Bench(new V1GetClient(given), new MemoryDisk(disk));
const putting = (bytes: Uint8Array, disk: MemoryDiskOptions = {}): Bench =>
  new Bench(new V1PutClient(given), new MemoryDisk({ files: { here: bytes }, ...disk }));
const A1 = "A100001ack";

/** A PUT of one byte that has sent its F. */
function finishing(): Bench {
  const client = putting(text("x"));
  client.wait(0);
  client.take("A000000ack", SERVER);
  expect(client.take(A1, SERVER)).toEqual(["FF00001I'm Done"]);
  return client;
}

describe("the timer", () => {
  it("S6: the first tick begins, and the request is sent six times in 30 s", () => {
    const client = getting();
    expect(client.machine.nextDeadline()).toBe(0);
    expect(client.take("D100001x", SERVER)).toEqual([]);
    expect(client.wait(0)).toEqual(["G000000there"]);
    expect(client.wait(4_999)).toEqual([]);
    expect(client.wait(1)).toEqual(["G000000there"]);
    expect(client.wait(20_000)).toHaveLength(4);
    expect(client.wait(4_999)).toEqual([]);
    expect(client.outcome).toBeUndefined();
    expect(client.wait(1)).toEqual([]);
    expect(client.outcome).toMatchObject({ type: "failed", code: "timeout" });
    expect(client.machine.nextDeadline()).toBeUndefined();
    expect(client.take("D100001x", SERVER)).toEqual([]);
  });

  it("S6: what brings the transfer on starts it anew; nothing else does", () => {
    const client = getting();
    client.wait(29_000);
    expect(client.take(`D100001${"x".repeat(100)}`, SERVER)).toEqual([A1]);
    client.wait(4_000);
    client.take(`D100001${"x".repeat(100)}`, SERVER);
    client.take("D100003x", SERVER);
    expect(client.wait(1_000)).toEqual([A1]);
    expect(client.wait(24_999)).toHaveLength(4);
    expect(client.outcome).toBeUndefined();
    client.wait(1);
    expect(client.outcome).toMatchObject({ code: "timeout" });
  });

  it("S6: a disk that takes long is no silence", () => {
    const client = getting();
    client.wait(0);
    client.isSlow = true;
    client.take("D100001x", SERVER);
    expect(client.wait(100_000)).toEqual([]);
    expect(client.work()).toEqual([A1]);
    expect(client.outcome).toBeUndefined();
  });

  it.each([{ retransmitMs: 0 }, { retransmitMs: Number.NaN }, { retransmissions: -1 }, { retransmissions: 0.5 }])(
    "S6: %o is a RangeError",
    (wrong) => {
      expect(() => new V1GetClient({ ...given, ...wrong })).toThrow(RangeError);
    },
  );

  it("S3: a name that no server grants is a RangeError", () => {
    for (const remoteName of ["", "/x", "../x", "a\0b", "\ud800", "x".repeat(1_025)]) {
      expect(() => new V1PutClient({ ...given, remoteName })).toThrow(RangeError);
    }
  });
});

describe("GET", () => {
  it("S10: where the local name is taken, nothing is sent", () => {
    const client = getting({ files: { here: text("old") } });
    expect(client.wait(60_000)).toEqual([]);
    expect(client.outcome).toMatchObject({ type: "failed", code: "exists" });
  });

  it("S11: a repeated block is not acknowledged at once, only by the timer", () => {
    const client = getting();
    client.wait(0);
    expect(client.take("D100001x", SERVER)).toEqual([A1]);
    expect(client.take("D100001x", SERVER)).toEqual([]);
    expect(client.wait(5_000)).toEqual([A1]);
  });

  it("S7: after a short block none is new", () => {
    const client = getting();
    client.wait(0);
    client.take("D100001x", SERVER);
    expect(client.take("D000002y", SERVER)).toEqual([]);
    client.take("FF00000I'm Done", SERVER);
    expect(client.disk.read("here")).toEqual(text("x"));
  });

  it.each([
    ["incorrect file name my dear child", "not-found"],
    ["incorrect file my dear child", "refused"],
    ["no", "refused"],
  ])("S12: an E of %j is %s", (said, code) => {
    const client = getting();
    client.wait(0);
    client.take(`E000000${said}`, SERVER);
    expect(client.outcome).toMatchObject({ type: "failed", code, message: `the server says: ${said}` });
  });

  it("S12: an E ends it, with the server's text, and leaves nothing", () => {
    const client = getting();
    client.wait(0);
    client.take("D100001x", SERVER);
    client.take("E000001incorrect file my dear child", SERVER);
    expect(client.outcome).toMatchObject({ type: "failed", code: "refused" });
    expect(JSON.stringify(client.outcome)).toContain("incorrect file my dear child");
    expect([client.disk.openFiles, client.disk.partKeys, client.disk.names]).toEqual([0, [], []]);
  });

  it.each(["write-part", "commit-part"] as const)("S12: a local disk that fails at %s ends it", (type) => {
    const client = getting({ before: (effect) => (effect.type === type ? "full" : undefined) });
    client.wait(0);
    client.take("D100001x", SERVER);
    client.take("FF00000I'm Done", SERVER);
    expect(client.outcome).toMatchObject({ type: "failed", code: "full" });
    expect([client.disk.openFiles, client.disk.names]).toEqual([0, []]);
  });

  it("S12: stopped at any moment it ends at once, and leaves nothing open", () => {
    const steps: ((client: Bench) => void)[] = [
      (client) => client.wait(0),
      (client) => client.work(),
      (client) => client.take("D100001x", SERVER),
      (client) => client.work(),
      (client) => client.take("FF00000I'm Done", SERVER),
    ];
    for (let done = 0; done <= steps.length; done++) {
      const client = getting();
      client.isSlow = true;
      for (const step of steps.slice(0, done)) step(client);
      client.stop();
      expect(client.outcome?.type).toBe(done === steps.length ? "unknown" : "failed");
      client.work();
      expect([client.disk.openFiles, client.disk.partKeys]).toEqual([0, []]);
    }
  });
});

describe("PUT", () => {
  it("S13: a file that changes while it is sent gets no F", () => {
    const client = putting(content(150));
    client.wait(0);
    client.take("A000000ack", SERVER);
    client.take(A1, SERVER);
    client.disk.change("here", content(160));
    expect(client.take("A000002ack", SERVER)).toEqual([]);
    expect(client.outcome).toMatchObject({ type: "failed", code: "changed" });
    expect(client.disk.openFiles).toBe(0);
  });

  it("S13: a file that is not there is told without a packet", () => {
    const client = new Bench(new V1PutClient(given));
    expect(client.wait(60_000)).toEqual([]);
    expect(client.outcome).toMatchObject({ type: "failed", code: "not-found", isLocal: true });
  });

  it("S14: only the acknowledgement of F with the last number is success", () => {
    const client = finishing();
    for (const packet of ["A100001ack", "AF00000ack", "AF00002ack", "FF00001I'm Done"]) client.take(packet, SERVER);
    expect(client.outcome).toBeUndefined();
    client.take("AF00001ack", SERVER);
    expect(client.outcome).toMatchObject({ type: "success", bytes: 1 });
  });

  it("S14: the acknowledgement of F counts for nothing before F is sent", () => {
    const client = putting(text("x"));
    client.wait(0);
    client.take("AF00001ack", SERVER);
    client.take("A000000ack", SERVER);
    client.take("AF00001ack", SERVER);
    expect(client.outcome).toBeUndefined();
  });

  it("S14: stopped before F it has failed, after F it is unknown; the file is closed", () => {
    const before = putting(text("x"));
    before.wait(0);
    before.stop();
    expect(before.outcome).toMatchObject({ type: "failed", code: "aborted" });
    const after = finishing();
    after.stop();
    expect(after.outcome?.type).toBe("unknown");
    expect([before.disk.openFiles, after.disk.openFiles]).toEqual([0, 0]);
  });

  it.each([
    ["E000001there is a file of this name", "failed"],
    ["E000000incorrect file my dear child", "unknown"],
    ["E000002oh", "unknown"],
  ])("S15: after F %s is %s", (packet, type) => {
    const client = finishing();
    client.take(packet, SERVER);
    expect(client.outcome?.type).toBe(type);
  });

  it("S15: of an empty file no E after F can say that it was not stored", () => {
    const client = putting(text(""));
    client.wait(0);
    expect(client.take("A000000ack", SERVER)).toEqual(["FF00000I'm Done"]);
    client.take("E000000oh", SERVER);
    expect(client.outcome?.type).toBe("unknown");
  });

  it("S15: before F an E is a failure", () => {
    const client = putting(text("x"));
    client.wait(0);
    client.take("E000000this server takes no files", SERVER);
    expect(client.outcome).toMatchObject({ type: "failed", code: "denied" });
  });
});
