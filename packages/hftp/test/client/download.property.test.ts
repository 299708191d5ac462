import fc from "fast-check";
import { expect, it, vi } from "vitest";
import type { DownloadMachineOptions } from "../../src/core/download-messages.js";
import { decodeDownloadState } from "../../src/core/download-state.js";
import { plainDigest } from "./plain-digest.js";
import { type Fault, SimulatedWorld, type WorldOptions } from "./simulated-world.js";

// Far more than they need: a machine that others use as well may be ten times slower.
vi.setConfig({ testTimeout: 600_000 });

/** Small numbers, so that a file of some kilobytes has many slices, checks and writes. */
const small = {
  name: "f",
  sliceBytes: 700,
  verifyBytes: 64,
  writeBytes: 300,
  maxPendingWriteBytes: 900,
  saveIntervalMs: 0,
} satisfies DownloadMachineOptions;

function someFile(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff);
}

const file = fc.tuple(fc.nat(6000), fc.nat(255)).map(([length, seed]) => someFile(length, seed));
const harmless: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom<Fault>({ type: "refused" }, { type: "silent" }, { type: "none" }),
  fc.nat(3000).map((after): Fault => ({ type: "cut", after })),
);
const harmful: fc.Arbitrary<Fault> = fc.oneof(
  harmless,
  fc.tuple(fc.nat(3000), fc.nat(255)).map(([at, to]): Fault => ({ type: "changed", at, to })),
  fc.constantFrom<Fault>({ type: "short" }, { type: "long" }),
);
const server = fc.record({
  seed: fc.integer(),
  file,
  knowsRaw: fc.boolean(),
  lineBytes: fc.constantFrom(48, 100, 1e9),
  clientsAtATime: fc.constantFrom(1, 2, 99),
});
const how = fc.record({
  parallel: fc.integer({ min: 1, max: 4 }),
  pipeline: fc.integer({ min: 1, max: 3 }),
  raw: fc.boolean(),
});

/** Where they differ, the counterexample tells; toEqual() on bytes takes longer than a download. */
function expectBytes(actual: Uint8Array | undefined, wanted: Uint8Array): void {
  expect(actual).toBeDefined();
  expect(Buffer.from(actual ?? []).equals(wanted)).toBe(true);
}

/** What the state file claims is in the .part file. */
function expectHonestState(world: SimulatedWorld, whole: Uint8Array): void {
  if (world.state === undefined) return;
  const state = decodeDownloadState(world.state, world.part?.length ?? 0);
  expect(state).toMatchObject({ name: "f", size: whole.length });
  for (const [start, end] of state?.done ?? []) {
    expectBytes(world.part?.slice(start, end), whole.slice(start, end));
  }
}

it("H31, H32: refused, silent and broken connections delay a download, and it ends with the exact file", () => {
  fc.assert(
    fc.property(server, how, fc.array(harmless, { maxLength: 8 }), (options, flags, faults) => {
      const world = new SimulatedWorld({ ...options, faults: [{ type: "none" }, ...faults] });
      const result = world.run({ ...small, ...flags, maxRetries: 20 });
      expect(result).toMatchObject({ type: "finished", bytes: options.file.length, sha256: plainDigest(options.file) });
      expectBytes(world.final, options.file);
      expect([world.part, world.state]).toEqual([undefined, undefined]);
      expect(world.mostConnections).toBeLessThanOrEqual(flags.parallel);
      expect(world.progress.at(-1)).toBe(options.file.length);
      // The bound is passed by what each connection has gathered for a write at that moment, never by more.
      expect(world.mostPendingWriteBytes).toBeLessThanOrEqual(900 + flags.parallel * 4300);
    }),
  );
});

it("H34, H35, H39: whatever a server does, a download with --expect ends with the exact file or an error", () => {
  const change = fc.option(fc.record({ after: fc.nat(12), file }), { nil: undefined });
  const full = fc.option(fc.nat(20), { nil: undefined });
  fc.assert(
    fc.property(
      server,
      how,
      fc.array(harmful, { maxLength: 8 }),
      change,
      full,
      (options, flags, faults, changed, writes) => {
        const more: Partial<WorldOptions> = {
          ...(changed === undefined ? {} : { change: changed }),
          ...(writes === undefined ? {} : { writesUntilFull: writes }),
        };
        const world = new SimulatedWorld({ ...options, ...more, faults });
        const expect256 = plainDigest(options.file);
        const result = world.run({ ...small, ...flags, maxRetries: 3, expect: expect256 });
        if (result?.type === "finished") {
          expectBytes(world.final, options.file);
          return;
        }
        expect(world.final).toBeUndefined();
        expect(result?.type).toBe("failed");
        // What can be resumed is kept, and nothing else.
        expect(world.part !== undefined).toBe(result?.type === "failed" && result.resumable);
        expect(world.state !== undefined).toBe(result?.type === "failed" && result.resumable);
      },
    ),
    { numRuns: Number(process.env["LAB_RUNS"] ?? 100) * 3 },
  );
});

it("H34: without --expect too: a size that changed before it was confirmed never ends in success", () => {
  fc.assert(
    fc.property(server, how, file, fc.integer({ min: 1, max: 12 }), (options, flags, other, after) => {
      fc.pre(other.length !== options.file.length);
      const world = new SimulatedWorld({ ...options, change: { after, file: other } });
      const result = world.run({ ...small, ...flags, raw: false });
      if (world.file === options.file) expect(result?.type).toBe("finished");
      if (result?.type === "finished") {
        // After the first question of each connection: slices, and at last the size, which still was the first one.
        const later = world.answered.filter(
          ({ connection }, at, all) => all.findIndex((one) => one.connection === connection) < at,
        );
        expect(later.at(-1)).toMatchObject({ request: { type: "get_metadata" }, bytes: options.file.length });
        expectBytes(world.final, options.file);
      } else {
        expect(result).toMatchObject({ type: "failed", error: { code: "SIZE_CHANGED" }, resumable: false });
        expect(world.final).toBeUndefined();
      }
    }),
    {
      examples: [
        // The second connection waits for the first, asks once the size is confirmed, and is not heard any more.
        [
          { seed: -9, file: someFile(701, 0), knowsRaw: false, lineBytes: 1e9, clientsAtATime: 1 },
          { parallel: 2, pipeline: 2, raw: false },
          someFile(0, 0),
          4,
        ],
      ],
    },
  );
});

it("H32, H33: killed or aborted at any moment and resumed, a download ends with the exact file", () => {
  fc.assert(
    fc.property(
      server,
      how,
      fc.array(fc.nat(120), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      (options, flags, stops, kill) => {
        const world = new SimulatedWorld(options);
        for (const steps of stops) {
          world.run({ ...small, ...flags, resume: true }, kill ? { maxSteps: steps } : { abortAfter: steps });
          if (world.final !== undefined) break;
          expectHonestState(world, options.file);
        }
        if (world.final === undefined) {
          expect(world.run({ ...small, ...flags, resume: true })?.type).toBe("finished");
        }
        expectBytes(world.final, options.file);
        expect(world.notices).not.toContain("RESTARTED");
      },
    ),
  );
});

it("H33, H35: a .part file that was tampered with never passes --expect, and a new attempt gets the file", () => {
  fc.assert(
    fc.property(server, how, fc.nat(120), fc.nat(), fc.nat(255), (options, flags, steps, at, to) => {
      const world = new SimulatedWorld(options);
      world.run({ ...small, ...flags }, { maxSteps: steps });
      if (world.part !== undefined && world.part.length > 0) world.part[at % world.part.length] = to;
      if (world.final !== undefined) return;
      const asked = { ...small, ...flags, expect: plainDigest(options.file), resume: true };
      const result = world.run(asked);
      if (result?.type === "failed") {
        expect(result).toMatchObject({ error: { code: "DIGEST_MISMATCH" }, resumable: false });
        expect(world.final).toBeUndefined();
        expect(world.run(asked)?.type).toBe("finished");
      }
      expectBytes(world.final, options.file);
    }),
  );
});

it("H33: any state file and any .part file beside it are used or refused, and never make the result wrong", () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        format: fc.constantFrom("hftp-part", "x"),
        version: fc.constantFrom(1, 2),
        name: fc.constantFrom("f", "g"),
        size: fc.constantFrom(900, 901, -1, "900"),
        done: fc.array(fc.array(fc.integer({ min: -1, max: 1000 }), { maxLength: 3 }), { maxLength: 3 }),
      })
      .map((state) => JSON.stringify(state)),
  );
  fc.assert(
    fc.property(text, fc.nat(1000), fc.integer(), (state, length, seed) => {
      const whole = someFile(900, 1);
      const world = new SimulatedWorld({ seed, file: whole });
      world.state = state;
      world.part = someFile(length, 1); // the right bytes: what is refused is refused for its form
      expect(world.run({ ...small, resume: true })?.type).toBe("finished");
      expectBytes(world.final, whole);
    }),
    { numRuns: Number(process.env["LAB_RUNS"] ?? 100) * 3 },
  );
});
