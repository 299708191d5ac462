/** Files across real sockets, in both versions and both directions. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { get, put, type ServedTransfer, type StopwaitUdpServerOptions, serve } from "../../src/index.js";
import { content } from "./content.js";

let base: string;
let served: string;
let stateFolder: string;

beforeEach(() => {
  base = scratchFolder();
  served = join(base, "served");
  stateFolder = join(base, "state");
  mkdirSync(served);
});

async function serving(
  options: Partial<StopwaitUdpServerOptions> = {},
): Promise<{ readonly port: number; readonly log: ServedTransfer[] }> {
  const { server, port } = await serve({ directory: served, port: 0, writable: true, ...options });
  onTestFinished(() => server.close());
  const log: ServedTransfer[] = [];
  server.on("served", (one) => log.push(one));
  return { port, log };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Size, and how it is cut. */
const rows: readonly {
  readonly version: 1 | 2;
  readonly size: number;
  readonly blockBytes?: number;
  readonly window?: number;
}[] = [
  ...[0, 1, 99, 100, 101, 200, 250_001].map((size) => ({ version: 1 as const, size })),
  ...[0, 1, 1375, 1376, 1377, 1_000_003].map((size) => ({ version: 2 as const, size, blockBytes: 1376 })),
  ...[64_999, 65_000, 65_001, 8_388_611].map((size) => ({ version: 2 as const, size })),
  { version: 2, size: 1_000_003, blockBytes: 1376, window: 8 },
  { version: 2, size: 250_003, blockBytes: 76, window: 32 },
  { version: 2, size: 300, blockBytes: 1, window: 32 },
];

describe("S91: a file comes out as it went in", () => {
  it.each(rows)(
    "version $version, $size bytes, blocks of $blockBytes, window $window",
    async ({ version, size, ...more }) => {
      const { port, log } = await serving();
      const bytes = content(size);
      const [there, back] = [join(base, "there.bin"), join(base, "back.bin")];
      writeFileSync(there, bytes);
      const options = { port, version, ...more, ...(version === 2 && { stateFolder }) };
      const progress: number[] = [];
      const stored = await put({
        ...options,
        from: there,
        name: "x.bin",
        onProgress: (one) => progress.push(one.bytes),
      });
      const fetched = await get({ ...options, name: "x.bin", to: back });
      expect(Buffer.from(bytes).equals(readFileSync(back))).toBe(true);
      expect([stored.bytes, stored.sha256, fetched.sha256]).toEqual([size, sha256(bytes), sha256(bytes)]);
      expect(progress).toEqual([...progress].sort((a, b) => a - b));
      expect(log.map(({ operation, outcome, bytes }) => [operation, outcome, bytes]).slice(0, 1)).toEqual([
        ["put", "done", size],
      ]);
      expect(readdirSync(base).sort()).toEqual(
        ["back.bin", "served", ...(version === 2 ? ["state"] : []), "there.bin"].sort(),
      );
      expect(version === 2 ? readdirSync(stateFolder) : []).toEqual([]);
    },
  );
});

describe("S93: statistics count packets, and time round trips", () => {
  it.each([1, 2] as const)("version %i", async (version) => {
    const { port } = await serving();
    writeFileSync(join(served, "a.bin"), content(1000));
    const seen: string[] = [];
    const { statistics } = await get({
      port,
      version,
      ...(version === 2 && { stateFolder, blockBytes: 100 }),
      name: "a.bin",
      to: join(base, "a.bin"),
      onDatagram: ({ direction, bytes }) => seen.push(`${direction} ${bytes.length}`),
    });
    // G, D and A for each of ten blocks, F; or REQ, ACCEPT, ACK and DATA for each, ACK, FIN, FINACK.
    const [sent, received] = version === 1 ? [11, 11] : [13, 12];
    expect([statistics.packetsSent, statistics.packetsReceived, statistics.packetsRepeated]).toEqual([
      sent,
      received,
      0,
    ]);
    expect(seen.length).toBe(sent + received);
    expect(statistics.goodputBytesPerSecond).toBeCloseTo((1000 * 1000) / statistics.ms, 3);
    const { samples = 0, minMs = 0, meanMs = 0, p99Ms = 0 } = statistics.roundTrips ?? {};
    expect(samples).toBe(received);
    expect(minMs).toBeGreaterThan(0);
    expect(minMs).toBeLessThanOrEqual(meanMs);
    expect(meanMs).toBeLessThanOrEqual(p99Ms);
  });
});

describe("S91: what cannot be is told by a code", () => {
  it.each([
    { version: 1, name: "no", code: "not-found" },
    { version: 2, name: "no", code: "not-found" },
    { version: 1, name: "sub", code: "not-found" },
    { version: 2, name: "sub", code: "not-found" },
  ] as const)("a GET of $name by version $version: $code, and no file", async ({ version, name, code }) => {
    const { port } = await serving();
    mkdirSync(join(served, "sub"));
    const to = join(base, "x");
    await expect(get({ port, version, ...(version === 2 && { stateFolder }), name, to })).rejects.toMatchObject({
      name: "TransferError",
      code,
    });
    expect([existsSync(to), existsSync(join(base, ".stopwait-parts"))]).toEqual([false, false]);
  });

  it.each([
    { what: "a server that takes none", server: { writable: false }, put: {}, code: "denied" },
    { what: "a name that is taken", server: {}, put: {}, code: "exists" },
    { what: "a server that replaces none", server: {}, put: { overwrite: true }, code: "exists" },
    { what: "a folder that is not there", server: {}, put: { name: "no/such" }, code: "not-found" },
    { what: "a file that is too large", server: { maxFileBytes: 3 }, put: { name: "new" }, code: "too-large" },
  ])("a PUT to $what: $code", async ({ server, put: more, code }) => {
    const { port } = await serving(server);
    writeFileSync(join(served, "a.txt"), "theirs");
    writeFileSync(join(base, "a.txt"), "mine");
    await expect(put({ port, stateFolder, from: join(base, "a.txt"), ...more })).rejects.toMatchObject({ code });
    expect([readFileSync(join(served, "a.txt"), "utf8"), readdirSync(served)]).toEqual(["theirs", ["a.txt"]]);
  });

  it("a GET onto a file that is there leaves it alone, unless it may be replaced", async () => {
    const { port } = await serving();
    writeFileSync(join(served, "a.txt"), "theirs");
    const to = join(base, "a.txt");
    writeFileSync(to, "mine");
    for (const version of [1, 2] as const) {
      const options = { port, version, ...(version === 2 && { stateFolder }), name: "a.txt", to };
      await expect(get(options)).rejects.toMatchObject({ name: "TransferError" });
      expect(readFileSync(to, "utf8")).toBe("mine");
      await get({ ...options, overwrite: true });
      expect(readFileSync(to, "utf8")).toBe("theirs");
      writeFileSync(to, "mine");
    }
  });

  it("both may replace: the time of the file comes along", async () => {
    const { port } = await serving({ overwrite: true });
    writeFileSync(join(served, "a.txt"), "old");
    writeFileSync(join(base, "a.txt"), "new");
    utimesSync(join(base, "a.txt"), 981_173_106, 981_173_106);
    await put({ port, stateFolder, from: join(base, "a.txt"), overwrite: true });
    expect(readFileSync(join(served, "a.txt"), "utf8")).toBe("new");
    expect(statSync(join(served, "a.txt")).mtimeMs).toBe(981_173_106_000);
  });

  it("a source that may not be read, and one that is no file", async () => {
    const { port } = await serving();
    const missing = { code: "not-found", side: "local", path: join(base, "no") };
    await expect(put({ port, stateFolder, from: join(base, "no") })).rejects.toMatchObject(missing);
    const theirs = { code: "not-found", side: "server", path: undefined };
    await expect(get({ port, stateFolder, name: "no", to: join(base, "no") })).rejects.toMatchObject(theirs);
    await expect(put({ port, stateFolder, from: served, name: "x" })).rejects.toMatchObject({ code: "not-found" });
  });
});

it("S84: a fetch removes what fetches of long ago left in that folder", async () => {
  const { port } = await serving();
  writeFileSync(join(served, "a.txt"), "theirs");
  const parts = join(base, ".stopwait-parts");
  mkdirSync(parts);
  for (const name of ["a1.part", "a2.part"]) writeFileSync(join(parts, name), "x");
  utimesSync(join(parts, "a1.part"), 1, 1);
  await get({ port, stateFolder, name: "a.txt", to: join(base, "a.txt") });
  expect(readdirSync(parts)).toEqual(["a2.part"]);
});

it("S84: a fetch from the start removes what an earlier one left, which nobody could find any more", async () => {
  const { port } = await serving();
  writeFileSync(join(served, "a.bin"), content(300_000));
  const options = { port, stateFolder, name: "a.bin", to: join(base, "a.bin"), blockBytes: 1000 };
  const cut = async (): Promise<void> => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error("enough"));
    await expect(get({ ...options, signal: controller.signal, onProgress })).rejects.toThrow("enough");
  };
  const parts = (): string[] => readdirSync(join(base, ".stopwait-parts"));
  await cut();
  const [first] = parts();
  await cut();
  expect([parts().length, parts()[0] === first]).toEqual([1, false]);
  const { resumedAt } = await get(options);
  expect([resumedAt, existsSync(join(base, ".stopwait-parts"))]).toEqual([0, false]);
});

describe("S87: one socket serves IPv6 as well", () => {
  it("over ::1", async () => {
    const { server, host, port } = await serve({ directory: served, host: "::1", port: 0 });
    onTestFinished(() => server.close());
    writeFileSync(join(served, "a.bin"), content(5000));
    const { bytes } = await get({ host, port, stateFolder, name: "a.bin", to: join(base, "a.bin") });
    expect([host, bytes]).toEqual(["::1", 5000]);
  });
});
