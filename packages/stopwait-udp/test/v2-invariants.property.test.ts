import { fc, it } from "@fast-check/vitest";
import { describe, expect, vi } from "vitest";
import { lengthOf, Type } from "../src/core/v2-packet.js";
import { fates, random, scheduled } from "./v2-faults.js";
import { bytes, get, isSame, put, scene } from "./v2-transfers.js";
import { SERVER } from "./v2-world.js";

// Far more than they need: a machine that others use as well may be ten times slower.
vi.setConfig({ testTimeout: 600_000 });

const size = fc.oneof(fc.constantFrom(0, 1, 99, 100, 101, 200), fc.integer({ min: 0, max: 900 }));
const window = fc.constantFrom(1, 1, 2, 5, 32);
const plan = fc.record({ operation: fc.constantFrom("get" as const, "put" as const), size, window });
const diskMs = fc.constantFrom(0, 0, 1, 40);

/** Each run is several worlds that must be alike: half as many runs as of other properties; `pnpm test:long` has fifty times that. */
const compared = { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 2) };

interface Plan {
  readonly operation: "get" | "put";
  readonly size: number;
  readonly window: number;
}

/** Runs transfers side by side and looks at all the invariants that can be seen from outside. */
function runAll(plans: readonly Plan[], worldOptions: Parameters<typeof scene>[2], options: object = {}) {
  const files = Object.fromEntries(plans.map((one, at) => [`file${at}`, bytes(one.size, at)]));
  const sources = Object.fromEntries(Object.entries(files).filter((_, at) => plans[at]?.operation === "get"));
  const here = scene(sources, {}, worldOptions);
  const running = plans.map(({ operation, window: blocks }, at) => {
    const name = `file${at}`;
    const content = files[name] as Uint8Array;
    const wanted = { window: blocks, blockBytes: 76, ...options };
    const started = operation === "get" ? get(here, name, wanted) : put(here, name, content, wanted);
    return { ...started, name, content, operation, receiver: operation === "get" ? started.disk : here.disk };
  });
  const first = new Map<string, Uint8Array>();
  here.world.beforeEach = () => {
    for (const { receiver, name, content, operation } of running) {
      const key = `${operation} ${name}`;
      const file = receiver.read(name);
      if (file !== undefined && !first.has(key)) first.set(key, file);
      if (file !== undefined && !isSame(file, content)) throw new Error(`${key} is not what was sent`);
      if (file === undefined && first.has(key)) throw new Error(`${key} is gone again`);
    }
    for (const disk of new Set(running.map(({ receiver }) => receiver))) {
      for (const part of disk.partKeys) {
        const held = disk.readPart(part) as Uint8Array;
        const isPrefix = running.some(
          ({ receiver, content }) => receiver === disk && isSame(held, content.subarray(0, held.length)),
        );
        if (!isPrefix) throw new Error(`part ${part} is no prefix of any source`);
      }
    }
  };
  here.world.run();
  for (const { outcome, receiver, name, content, operation, disk, client } of running) {
    const end = outcome();
    expect(end, "a client is stuck").toBeDefined();
    expect(client.nextDeadline()).toBeUndefined();
    expect(disk.openFiles).toBe(0);
    if (end?.type === "success") expect(isSame(receiver.read(name), content)).toBe(true);
    if (end?.type === "failed") expect(receiver.read(name)).toBeUndefined();
    if (operation === "get") expect(end?.type).not.toBe("unknown");
  }
  for (const report of here.world.served) {
    if (report.operation === "put" && report.outcome === "done") {
      expect(isSame(here.disk.read(report.name), files[report.name])).toBe(true);
    }
  }
  const puts = plans.filter(({ operation }) => operation === "put").length;
  expect(here.disk.counts.get("commit-part") ?? 0).toBeLessThanOrEqual(puts);
  expect([here.server.liveSessions, here.server.memories, here.server.nextDeadline()]).toEqual([0, 0, undefined]);
  expect(here.disk.openFiles).toBe(0);
  return { ...here, running };
}

describe("v2 on any channel", () => {
  it.prop([fc.array(plan, { minLength: 1, maxLength: 3 }), fates, diskMs])(
    "S39, S54, S55, S56, S58: parts are prefixes, success means equal files, one commit, no client stuck, nothing left",
    (plans, schedule, ms) => {
      runAll(plans, { channel: scheduled(schedule), diskMs: () => ms });
    },
  );

  it.prop([plan, fates, diskMs])("S57: DATA sent is bounded by blocks and timeouts", (one, schedule, ms) => {
    const { world } = runAll([one], { channel: scheduled(schedule), diskMs: () => ms }, { stepDownAfter: Infinity });
    const blocks = Math.ceil(one.size / 76);
    expect(world.count(Type.DATA)).toBeLessThanOrEqual(blocks + world.timeouts * one.window);
  });

  it.prop([fc.array(plan, { minLength: 1, maxLength: 3 }), fc.integer()])(
    "S56: a channel that loses, doubles, delays and damages a twentieth of everything is fair: success",
    (plans, seed) => {
      const { running } = runAll(plans, { channel: random(seed, 0.05) });
      for (const { outcome } of running) expect(outcome()?.type).toBe("success");
    },
  );

  it.prop([plan])("S56: silence ends every client in failure within its bound", (one) => {
    const { running, world } = runAll([one], { channel: () => [] });
    expect(running[0]?.outcome()).toMatchObject({ type: "failed", code: "timeout" });
    expect(world.now).toBe(30_000);
  });

  it.prop([fc.array(plan, { minLength: 2, maxLength: 4 }), fc.integer()], compared)(
    "S58: the same seed gives the same packets, byte for byte",
    (plans, seed) => {
      const sent = (): string => {
        const start = runAll(plans, { channel: random(seed, 0.1) });
        return start.world.sent
          .map(({ now, bytes: packet }) => `${now} ${Buffer.from(packet).toString("hex")}`)
          .join("\n");
      };
      const [one, two] = [sent(), sent()];
      expect(one === two).toBe(true);
    },
  );

  it.prop([plan, fc.array(fc.record({ at: fc.nat(40), byte: fc.nat(1_500), mask: fc.integer({ min: 1, max: 255 }) }))])(
    "S58: packets damaged in any bit change the state of neither side",
    (one, damages) => {
      const here = scene({ file: bytes(one.size) });
      const wanted = { window: one.window, blockBytes: 76 };
      const started =
        one.operation === "get" ? get(here, "file", wanted) : put(here, "stored", bytes(one.size), wanted);
      const { address, client } = started;
      here.world.run({ done: () => here.world.sent.length > 8 || started.outcome() !== undefined });
      const { now, sent } = here.world;
      const state = (): string => `${client.fingerprint(now)} ${here.server.fingerprint(now)}`;
      const before = state();
      for (const { at, byte, mask } of damages) {
        const packet = sent[at % sent.length];
        if (packet === undefined) continue;
        const damaged = packet.bytes.slice();
        damaged[byte % damaged.length] = (damaged[byte % damaged.length] ?? 0) ^ mask;
        if (byte % damaged.length >= lengthOf(packet.bytes)) continue; // padding is not summed
        client.handle(now, { type: "datagram", from: SERVER, bytes: damaged });
        here.server.handle(now, { type: "datagram", from: address, bytes: damaged });
      }
      expect(state()).toBe(before);
    },
  );

  it.prop([fc.array(plan, { minLength: 2, maxLength: 4 })], compared)(
    "S58: transfers side by side end as they would alone, with the same packets of each",
    (plans) => {
      const packetsOf = (some: readonly Plan[]): string[] => {
        const { world, running } = runAll(some, {});
        return running.map(({ address }) =>
          world.sent
            .filter(({ from, to }) => from === address || to === address)
            .map(({ now, bytes: packet }) => `${now}:${packet[0]}:${packet.length}`)
            .join(" "),
        );
      };
      expect(packetsOf(plans)).toEqual(plans.flatMap((one) => packetsOf([one])));
    },
  );
});
