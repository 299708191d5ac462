/** What the original gets wrong (B1 to B17): each against our machines, and, where it has a model, against the model. */
import { describe, expect, it } from "vitest";
import { V1GetClient } from "../src/core/v1-get-client.js";
import { V1PutClient } from "../src/core/v1-put-client.js";
import { V1Server, type V1ServerOptions } from "../src/core/v1-server.js";
import { MemoryDisk } from "./memory-disk.js";
import { OriginalGetClient, OriginalPutClient } from "./original/client.js";
import { OriginalServer } from "./original/server.js";
import { plainPlatform } from "./plain-platform.js";
import { Bench } from "./v1-bench.js";
import { CLIENT, content, getOf, SERVER, text } from "./v1-pair.js";

const platform = plainPlatform();
const block = (letter: string): string => letter.repeat(100);
const D = (number: number, body: string): string => `D${number % 2}${String(number).padStart(5, "0")}${body}`;
const A = (number: number): string => `A${number % 2}${String(number).padStart(5, "0")}ack`;
const AF = (number: number): string => `AF${String(number).padStart(5, "0")}ack`;
const F = (number: number): string => `FF${String(number).padStart(5, "0")}I'm Done`;
const NAME = "incorrect file name my dear child";
const FILE = "incorrect file my dear child";

const given = { server: SERVER, remoteName: "file", localName: "file", platform };
function server(files: Record<string, Uint8Array> = {}, options: Partial<V1ServerOptions> = {}): Bench {
  return new Bench(new V1Server({ platform, writable: true, ...options }), new MemoryDisk({ files }));
}
/** A client that has sent its request. */
function started(machine: V1GetClient | V1PutClient, disk?: MemoryDisk): Bench {
  const bench = new Bench(machine, disk);
  bench.wait(0);
  return bench;
}
const getting = (): Bench => started(new V1GetClient(given));
const putting = (bytes: Uint8Array): Bench =>
  started(new V1PutClient(given), new MemoryDisk({ files: { file: bytes } }));
/** The original, as a machine on a bench of its own; its files are in the map. */
function original(files: Record<string, string> = {}): { bench: Bench; files: Map<string, Uint8Array> } {
  const map = new Map(Object.entries(files).map(([name, body]) => [name, text(body)]));
  return { bench: new Bench(new OriginalServer(map)), files: map };
}
const read = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);
const four = [1, 2, 3, 4].map((number) => block("ABCD".charAt(number - 1)));
const stored = (...blocks: string[]): string => blocks.join("");

describe("S7: the strict receiver", () => {
  it("B1: a late D of the block before the last is neither written nor acknowledged", () => {
    const client = getting();
    expect(client.take(D(1, block("A")), SERVER)).toEqual([A(1)]);
    expect(client.take(D(2, block("B")), SERVER)).toEqual([A(2)]);
    expect(client.take(D(1, block("A")), SERVER)).toEqual([]);
    expect(client.take(D(3, "C"), SERVER)).toEqual([A(3)]);
    client.take(F(0), SERVER);
    expect(read(client.disk.read("file"))).toBe(stored(block("A"), block("B"), "C"));

    const files = new Map<string, Uint8Array>();
    const its = new Bench(new OriginalGetClient({ server: SERVER, name: "file", files }));
    its.wait(0);
    its.take(D(1, block("A")), SERVER);
    its.take(D(2, block("B")), SERVER);
    its.take(D(1, block("A")), SERVER);
    its.take(F(0), SERVER);
    expect(its.outcome?.type).toBe("success");
    expect(read(files.get("file"))).toBe(stored(block("A"), block("B"), block("A")));
  });

  it("B2: a late D2 is not written in place of D4", () => {
    const run = (bench: Bench): void => {
      bench.take("P000000file");
      for (const number of [1, 2, 3]) bench.take(D(number, four[number - 1] ?? ""));
      bench.take(D(2, four[1] ?? ""));
      bench.take(D(4, four[3] ?? ""));
      bench.take(D(5, "E"));
      bench.take(F(5));
    };
    const ours = server();
    run(ours);
    expect(read(ours.disk.read("file"))).toBe(stored(...four, "E"));
    const its = original();
    run(its.bench);
    expect(read(its.files.get("file"))).toBe(stored(four[0] ?? "", four[1] ?? "", four[2] ?? "", four[1] ?? "", "E"));
  });
});

describe("S8: the strict sender", () => {
  it("B3: a stale A1 is not the acknowledgement of D3", () => {
    const client = putting(content(400));
    client.take("A000000ack", SERVER);
    client.take(A(1), SERVER);
    expect(client.take(A(2), SERVER)[0]).toMatch(/^D100003/);
    expect(client.take(A(1), SERVER)).toEqual([]);
    expect(client.take(A(3), SERVER)[0]).toMatch(/^D000004/);

    const files = new Map([["file", content(400)]]);
    const its = new Bench(new OriginalPutClient({ server: SERVER, name: "file", files }));
    its.wait(0);
    for (const packet of ["A000000ack", A(1), A(2)]) its.take(packet, SERVER);
    expect(its.take(A(1), SERVER)[0]).toMatch(/^D000004/); // without D3 having arrived anywhere
  });
});

describe("sessions at the server", () => {
  it("S18, B4: a late duplicate G does not restart the stream", () => {
    const run = (bench: Bench): string[] => {
      bench.take("G000000file");
      bench.take(A(1));
      return bench.take("G000000file");
    };
    const body = stored(...four);
    expect(run(server({ file: text(body) }))).toEqual([]);
    expect(run(original({ file: body }).bench)).toEqual([D(1, block("A"))]);
  });

  it("S22, B5: a late P does not touch a file that was stored", () => {
    const run = (bench: Bench): void => {
      for (const packet of ["P000000file", D(1, "x"), F(1), "P000000file"]) bench.take(packet);
    };
    const ours = server({}, { overwrite: true });
    run(ours);
    expect(read(ours.disk.read("file"))).toBe("x");
    expect([ours.disk.openFiles, ours.disk.partKeys]).toEqual([0, []]);
    const its = original();
    run(its.bench);
    expect(read(its.files.get("file"))).toBe("");
  });

  it("S21, B6: a late F of one upload does not end the next", () => {
    const other = { ...CLIENT, port: CLIENT.port + 1 };
    const run = (bench: Bench): string[] => {
      for (const packet of ["P000000one", D(1, "x"), F(1)]) bench.take(packet);
      bench.take("P000000two", other);
      bench.take(D(1, block("A")), other);
      bench.take(F(1)); // late, from the first client
      return bench.take(D(2, "B"), other);
    };
    const ours = server();
    expect(run(ours)).toEqual([A(2)]);
    expect(ours.take(F(1), other)).toEqual([]); // and one of its own that does not name the last block
    expect(ours.take(F(2), other)).toEqual([AF(2)]);
    expect(read(ours.disk.read("two"))).toBe(`${block("A")}B`);
    const its = original();
    run(its.bench);
    expect(read(its.files.get("two"))).toBe(block("A"));
  });

  it("S9, S11, B7: a client on a fresh port takes no F of a transfer before", () => {
    // The F was sent to another port, where nobody is any more; in the same session F ends what is complete.
    const pair = getOf(content(250));
    pair.wire.inject(SERVER, { ...CLIENT, port: CLIENT.port - 1 }, text(F(0)), 0);
    pair.run();
    expect(pair.clientDisk.read("file")).toEqual(content(250));
    // A peer that sends F while a block is being written has not seen its acknowledgement.
    const client = getting();
    client.isSlow = true;
    client.take(D(1, block("A")), SERVER);
    expect(client.take(F(0), SERVER)).toEqual([]);
    expect(client.work()).toEqual([A(1)]);
    expect(client.outcome).toBeUndefined();
  });

  it("S4, B8: an empty file is answered by F, also after another one, and again when asked again", () => {
    const ours = server({ empty: text(""), file: text("secret") });
    ours.take("G000000file");
    ours.take(A(1));
    expect(ours.take("G000000empty")).toEqual([F(0)]);
    expect(ours.take("G000000empty")).toEqual([F(0)]);
    const its = original({ empty: "", file: "secret" });
    its.bench.take("G000000file");
    its.bench.take(A(1));
    expect(its.bench.take("G000000empty")).toEqual([D(1, "secret")]);
  });

  it.each([9_999_901, 10_000_000])("S4, B9: %i bytes need a number of six digits, and are refused", (size) => {
    const ours = server({ file: new Uint8Array(size) });
    expect(ours.take("G000000file")).toEqual([`E000000${FILE}`]);
    expect(ours.served).toEqual(["get refused too-large 0"]);
    expect(ours.disk.openFiles).toBe(0);
    const client = putting(new Uint8Array(size));
    expect(client.outcome).toMatchObject({ type: "failed", code: "too-large" });
    expect(client.disk.openFiles).toBe(0);
  });

  it("S4, B10: every byte value arrives", () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, index) => 255 - (index % 256));
    expect(getOf(bytes).run().clientDisk.read("file")).toEqual(bytes);
  });

  it("S16, B11: clients that take turns each get their own file", () => {
    const other = { host: "127.0.0.2", port: CLIENT.port };
    const ours = server({ one: text(block("A") + block("B")), two: text(block("X") + block("Y")) });
    expect(ours.take("G000000one")).toEqual([D(1, block("A"))]);
    expect(ours.take("G000000two", other)).toEqual([D(1, block("X"))]);
    expect(ours.take(A(1))).toEqual([D(2, block("B"))]);
    expect(ours.take(A(1), other)).toEqual([D(2, block("Y"))]);
    const its = original({ one: block("A") + block("B"), two: block("X") + block("Y") });
    its.bench.take("G000000one");
    its.bench.take("G000000two", other);
    expect(its.bench.take(A(1))).toEqual([D(2, block("Y"))]);
  });
});

describe("S2, B12: fourteen datagrams that each ended the original", () => {
  const datagrams: readonly [string, string | Uint8Array, string[]][] = [
    ["an empty one", "", []],
    ["one byte", "G", []],
    ["a header cut short", "D10000", []],
    ["a request with a number", "G000001foo.txt\n", []],
    ["an ack with a body of its own", "A000001datablock1\n", []],
    ["an F with a bit", "F116160done\n", []],
    ["a stray A", A(1), []],
    ["a stray D1", D(1, "x"), []],
    ["a stray F", F(1), []],
    ["a NUL in a name", "G000000fi\0le", [`E000000${NAME}`]],
    ["a folder's name", "G000000folder", [`E000000${NAME}`]],
    ["an empty name", "G000000", [`E000000${NAME}`]],
    ["a name that is no UTF-8", Uint8Array.of(...text("G000000"), 0xc3, 0x28), [`E000000${NAME}`]],
    ["another letter", "\xffQ\0\0\0\0\0\0", []],
  ];
  it.each(datagrams)("%s", (_, datagram, answers) => {
    const ours = server({ "folder/file": text("x"), file: text("y") });
    expect(ours.take(datagram)).toEqual(answers);
    expect(ours.take("G000000file", { ...CLIENT, port: 1 })).toEqual([D(1, "y")]);
  });

  it("a D after the session ended", () => {
    const ours = server();
    for (const packet of ["P000000file", D(1, "x"), F(1)]) ours.take(packet);
    expect(ours.take(D(1, "x"))).toEqual([]);
    expect(ours.take(D(2, "y"))).toEqual([]);
    expect(read(ours.disk.read("file"))).toBe("x");
  });
});

describe("names and places", () => {
  it.each(["/etc/passwd", "../file", "a/../../file", "..\\file", "C:\\file", ".stopwait-parts/aa", ".."])(
    "S3, B13: %s leads nowhere",
    (name) => {
      const ours = server({ file: text("x") });
      expect(ours.take(`G000000${name}`)).toEqual([`E000000${NAME}`]);
      expect(ours.take(`P000000${name}`)).toEqual([`E000000${NAME}`]);
      expect(ours.disk.counts.size).toBe(0);
    },
  );

  it("S24, B13: a file is replaced only where the server allows it", () => {
    const refused = server({ file: text("old") });
    expect(refused.take("P000000file")).toEqual(["E000000there is a file of this name"]);
    expect(read(refused.disk.read("file"))).toBe("old");
    const allowed = server({ file: text("old") }, { overwrite: true });
    for (const packet of ["P000000file", D(1, "new")]) allowed.take(packet);
    expect(read(allowed.disk.read("file"))).toBe("old");
    allowed.take(F(1));
    expect(read(allowed.disk.read("file"))).toBe("new");
  });

  it("S10, B14: the local file is as it was until the transfer has ended well", () => {
    const disk = new MemoryDisk({ files: { file: text("old") } });
    const client = started(new V1GetClient({ ...given, overwrite: true }), disk);
    client.take(D(1, "new"), SERVER);
    expect(read(disk.read("file"))).toBe("old");
    client.wait(60_000);
    expect([read(disk.read("file")), disk.partKeys, disk.openFiles]).toEqual(["old", [], 0]);
    expect(client.outcome).toMatchObject({ type: "failed", code: "timeout" });

    const files = new Map([["file", text("old")]]);
    new Bench(new OriginalGetClient({ server: SERVER, name: "file", files })).wait(0);
    expect(read(files.get("file"))).toBe("");
  });
});

describe("how a client ends", () => {
  it("S14, B15: an F that nobody answers leaves it unknown", () => {
    const client = putting(text("x"));
    client.take("A000000ack", SERVER);
    expect(client.take(A(1), SERVER)).toEqual([F(1)]);
    expect(client.wait(60_000)).toEqual(Array(5).fill(F(1)));
    expect(client.outcome?.type).toBe("unknown");
    expect(client.disk.openFiles).toBe(0);
  });

  it.each([
    ["another port", { ...SERVER, port: 50_002 }],
    ["another host", { ...SERVER, host: "127.0.0.9" }],
  ])("S9, B16: packets of %s are dropped", (_, stranger) => {
    const client = getting();
    for (const packet of [D(1, "x"), F(0), "E000000no"]) expect(client.take(packet, stranger)).toEqual([]);
    expect(client.outcome).toBeUndefined();
    expect(client.take(D(1, "y"), SERVER)).toEqual([A(1)]);
  });

  it("S19, B17: F comes again when the last acknowledgement does, and the server forgets after 30 s of silence", () => {
    const ours = server({ file: text("x") });
    ours.take("G000000file");
    expect(ours.take(A(1))).toEqual([F(0)]);
    expect(ours.served).toEqual(["get done ok 1"]);
    ours.wait(25_000);
    expect(ours.take(A(1))).toEqual([F(0)]);
    ours.wait(29_999);
    expect(ours.take(A(1))).toEqual([F(0)]);
    ours.wait(30_000);
    expect(ours.take(A(1))).toEqual([]);
    expect(ours.machine.nextDeadline()).toBeUndefined();
  });
});
