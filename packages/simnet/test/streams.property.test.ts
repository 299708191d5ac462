import fc from "fast-check";
import { expect, it } from "vitest";
import { faultSchedule, impairments } from "../src/arbitraries/index.js";
import { type StreamOptions, World } from "../src/core/index.js";
import { kinds, payload } from "./probe.js";
import { client, type Side, type SideOptions, server } from "./transfer.js";

const sides = fc.record({
  lengths: fc.array(fc.nat(700), { maxLength: 6 }),
  endsLast: fc.boolean(),
  pauseMs: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined, freq: 3 }),
});
const streams: fc.Arbitrary<StreamOptions> = fc.record({
  mss: fc.integer({ min: 1, max: 300 }).map((less) => 301 - less),
  segments: fc.constantFrom("full", "random"),
  reads: fc.constantFrom("segments", "all", "random"),
  sendBufferBytes: fc.integer({ min: 1, max: 2_000 }).map((less) => 2_001 - less),
  receiveBufferBytes: fc.integer({ min: 1, max: 2_000 }).map((less) => 2_001 - less),
  highWaterBytes: fc.constantFrom(0, 100, 1_000),
});

type Sides = { c: Side; s: Side };

type How = { lengths: number[]; endsLast: boolean; pauseMs: number | undefined };

function make(c: How, s: How): Sides {
  return { c: client(options(c)), s: server(options(s)) };
}

function options({ lengths, pauseMs, ...rest }: How): SideOptions {
  return { ...rest, writes: written(lengths), ...(pauseMs !== undefined && { pauseMs }) };
}

function written(lengths: readonly number[]): Uint8Array[] {
  return lengths.map((length, index) => payload(length, index));
}

function all(lengths: readonly number[]): number[] {
  return written(lengths).flatMap((part) => [...part]);
}

it("N11, N13, N15: bytes arrive in order, once and complete, however they are cut and whatever the link does", () => {
  fc.assert(
    fc.property(
      fc.record({ c: sides, s: sides }),
      streams,
      impairments({ bytesPerSecond: 2_000, queuePackets: 4 }),
      fc.integer(),
      (how, options, links, seed) => {
        if (how.c.endsLast && how.s.endsLast) how.c = { ...how.c, endsLast: false }; // or they wait for each other
        const { c, s } = make(how.c, how.s);
        const world = new World({
          seed,
          nodes: { server: s.probe.create, client: c.probe.create },
          impairments: links,
          streams: { ...options, timeoutMs: 1e9, connectTimeoutMs: 1e9 },
          trace: false,
        });
        expect(world.run()).toBe("idle");
        expect(s.received).toEqual(all(how.c.lengths));
        expect(c.received).toEqual(all(how.s.lengths));
        expect([c.closed, s.closed]).toEqual(["ended", "ended"]);
        for (const one of [c, s]) {
          expect(kinds(one.probe.told).filter((kind) => kind === "end")).toHaveLength(1);
          expect(
            kinds(one.probe.told)
              .filter((kind) => kind !== "later")
              .at(-1),
          ).toBe("closed");
        }
      },
    ),
  );
});

it("N11, N14, N16, N17: whatever happens, what arrives is the beginning of what was sent, and all of it before an end", () => {
  const faults = faultSchedule({ nodes: ["client", "server"], durationMs: 3_000, maxPacketIndex: 20 });
  fc.assert(
    fc.property(
      fc.record({ c: sides, s: sides }),
      streams,
      impairments(),
      faults,
      fc.integer(),
      (how, options, links, schedule, seed) => {
        const { c, s } = make(how.c, how.s);
        const world = new World({
          seed,
          nodes: { server: s.probe.create, client: c.probe.create },
          impairments: links,
          streams: { ...options, timeoutMs: 20_000 },
          faults: schedule,
          trace: false,
        });
        expect(world.run()).toBe("idle");
        const pairs = [
          [c, how.s.lengths],
          [s, how.c.lengths],
        ] as const;
        for (const [one, lengths] of pairs) {
          // Every incarnation makes or accepts a connection of its own, and reads it from its beginning.
          for (const connection of connectionsOf(one)) {
            const sent = all(lengths);
            expect(connection.bytes).toEqual(sent.slice(0, connection.bytes.length));
            if (connection.hasEnded) expect(connection.bytes).toEqual(sent);
            if (connection.closed === "ended") expect(connection.hasEnded).toBe(true);
            expect(connection.afterClose).toBe(0);
          }
        }
      },
    ),
  );
});

interface Heard {
  bytes: number[];
  hasEnded: boolean;
  closed: string | undefined;
  afterClose: number;
}

function connectionsOf(side: Side): Heard[] {
  const heard = new Map<string, Heard>();
  for (const { input, incarnation } of side.probe.told) {
    if (!("connection" in input)) continue;
    const key = `${incarnation} ${input.connection}`;
    const one = heard.get(key) ?? { bytes: [], hasEnded: false, closed: undefined, afterClose: 0 };
    heard.set(key, one);
    if (one.closed !== undefined) one.afterClose++;
    if (input.type === "bytes") one.bytes.push(...input.bytes);
    if (input.type === "end") one.hasEnded = true;
    if (input.type === "closed") one.closed = input.why;
  }
  return [...heard.values()];
}
