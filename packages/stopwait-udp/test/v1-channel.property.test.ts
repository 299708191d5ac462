/** A strict pair, and the original's rules, on channels that drop, double, delay and reorder. */

import { fc, it } from "@fast-check/vitest";
import { Random } from "@lab/simnet";
import { describe, expect } from "vitest";
import { V1Server } from "../src/core/v1-server.js";
import { MemoryDisk } from "./memory-disk.js";
import { OriginalGetClient, OriginalPutClient } from "./original/client.js";
import { OriginalServer } from "./original/server.js";
import { plainPlatform } from "./plain-platform.js";
import { CLIENT, content, getOf, NOTHING_LEFT, type Pair, putOf, SERVER } from "./v1-pair.js";
import { type Channel, outcomeOf, Wire } from "./v1-wire.js";

interface Weather {
  readonly seed: number;
  readonly drop: number;
  readonly duplicate: number;
  /** Every packet takes up to this long, so that later ones overtake it. Below the 30 s of the server's memory. */
  readonly delayMs: number;
  readonly duplicateMs: number;
}

const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.nat(),
  drop: fc.constantFrom(0, 0.05, 0.2, 0.4),
  duplicate: fc.constantFrom(0, 0.1, 0.5),
  delayMs: fc.constantFrom(1, 400, 6_000, 29_000),
  duplicateMs: fc.constantFrom(0, 3_000, 29_000),
});

function channelOf({ seed, drop, duplicate, delayMs, duplicateMs }: Weather): Channel {
  const random = new Random(seed);
  return () => {
    if (random.chance(drop)) return [];
    const first = random.integer(0, random.chance(0.3) ? delayMs : Math.min(delayMs, 50));
    return random.chance(duplicate) ? [first, Math.min(29_999, first + random.integer(0, duplicateMs))] : [first];
  };
}

const sizes = fc.oneof(fc.constantFrom(0, 1, 99, 100, 101, 200, 250, 301), fc.nat(1_500));
const diskMs = fc.constantFrom(0, 0, 20, 4_000);

/** Success means equal files, failure means none, and in the end nothing is left of either. */
function check(pair: Pair, operation: "get" | "put", bytes: Uint8Array): void {
  const { outcome } = pair;
  const file = (operation === "get" ? pair.clientDisk : pair.serverDisk).read("file");
  if (file !== undefined) expect(file).toEqual(bytes);
  expect(outcome).toBeDefined();
  if (outcome?.type === "success") expect(file).toEqual(bytes);
  if (outcome?.type === "failed") expect(file).toBeUndefined();
  const done = pair.serverStation.reports.some((report) => report.type === "served" && report.outcome === "done");
  if (operation === "put") expect(done).toBe(file !== undefined);
  expect(pair.leftovers).toEqual(NOTHING_LEFT);
}

describe("I1, I2, I3, I4 of v1: one transfer, on any schedule of drop, duplication, reordering and delay", () => {
  it.prop([weather, sizes, diskMs])("S7, S8, S28: a GET ends in the same file or loudly", (skies, size, effectMs) => {
    const bytes = content(size);
    check(getOf(bytes, { channel: channelOf(skies), effectMs: () => effectMs }).run(3_600_000), "get", bytes);
  });

  it.prop([weather, sizes, diskMs])("S7, S8, S28: a PUT ends in the same file or loudly", (skies, size, effectMs) => {
    const bytes = content(size);
    check(putOf(bytes, { channel: channelOf(skies), effectMs: () => effectMs }).run(3_600_000), "put", bytes);
  });

  it.prop([fc.uniqueArray(fc.nat(40), { maxLength: 5 }), weather, fc.boolean(), sizes])(
    "S6: five losses are survived, wherever they strike",
    (lost, skies, isGet, size) => {
      const mild = channelOf({ ...skies, drop: 0, delayMs: 1_000, duplicateMs: 20_000 });
      const channel: Channel = (packet) => (lost.includes(packet.index) ? [] : mild(packet));
      const pair = (isGet ? getOf : putOf)(content(size), { channel }).run(3_600_000);
      expect(pair.outcome?.type).toBe("success");
    },
  );
});

it.prop([weather, sizes])("S28: an original client stores the right file with our server, or none", (skies, size) => {
  const bytes = content(size);
  const disk = new MemoryDisk();
  const wire = new Wire(channelOf(skies));
  const client = new OriginalPutClient({
    server: SERVER,
    name: "file",
    files: new Map([["file", bytes]]),
    retransmitMs: 500,
  });
  const station = wire.add(CLIENT, client);
  wire.add(SERVER, new V1Server({ platform: plainPlatform(), writable: true }), disk);
  wire.run(3_600_000);
  expect(outcomeOf(station)).toBeDefined();
  expect([undefined, bytes]).toContainEqual(disk.read("file"));
});

describe("S29: the teeth: the original's rules on the same channels", () => {
  /** How many of 100 transfers of 10 blocks end in success with another file. */
  function corrupted(operation: "get" | "put", retransmitMs: number, channelFor: (seed: number) => Channel): number {
    let count = 0;
    const bytes = content(1_000);
    for (let seed = 1; seed <= 100; seed++) {
      const wire = new Wire(channelFor(seed));
      const [near, far] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
      (operation === "get" ? far : near).set("file", bytes);
      const given = { server: SERVER, name: "file", files: near, retransmitMs };
      const client = operation === "get" ? new OriginalGetClient(given) : new OriginalPutClient(given);
      const station = wire.add(CLIENT, client);
      wire.add(SERVER, new OriginalServer(far));
      wire.run(3_600_000);
      const file = (operation === "get" ? near : far).get("file");
      const isSame = file !== undefined && Buffer.compare(file, bytes) === 0;
      if (outcomeOf(station)?.type === "success" && !isSame) count++;
    }
    return count;
  }

  const rough = (seed: number): Channel =>
    channelOf({ seed, drop: 0, duplicate: 0.2, delayMs: 1_000, duplicateMs: 1_000 });
  // Some packets take a second longer: with a timer of 5 s nothing is ever sent twice.
  const slow = (seed: number): Channel => {
    const random = new Random(seed);
    return () => [random.chance(0.3) ? 1_000 : 10];
  };

  it.each(["get", "put"] as const)("fail I1 and I2 in a %s", (operation) => {
    expect(corrupted(operation, 500, rough)).toBeGreaterThan(50);
  });

  it.each(["get", "put"] as const)(
    "S6: delays alone corrupt a %s with a timer of 0.5 s, and none with 5 s",
    (operation) => {
      expect(corrupted(operation, 500, slow)).toBeGreaterThan(10);
      expect(corrupted(operation, 5_000, slow)).toBe(0);
    },
  );
});
