/** I9 for v1: what is no packet, or comes from elsewhere, changes nothing; and nothing that arrives makes a machine throw. */

import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { V1GetClient } from "../src/core/v1-get-client.js";
import { decodeV1Packet, encodeV1Packet, type V1Packet } from "../src/core/v1-packet.js";
import { V1PutClient } from "../src/core/v1-put-client.js";
import { V1Server } from "../src/core/v1-server.js";
import { MemoryDisk } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { Bench } from "./v1-bench.js";
import { CLIENT, content, SERVER } from "./v1-pair.js";

const number = fc.nat(4);
const packets: fc.Arbitrary<V1Packet> = fc.oneof(
  fc.record({
    type: fc.constantFrom("get" as const, "put" as const),
    name: fc.constantFrom("file", "new", "../x", "no"),
  }),
  fc.record({ type: fc.constant("ack" as const), of: fc.constantFrom("block" as const, "finish" as const), number }),
  fc.record({
    type: fc.constant("data" as const),
    number: fc.integer({ min: 1, max: 4 }),
    bytes: fc.constantFrom(content(100), content(3)),
  }),
  fc.record({ type: fc.constant("finish" as const), number }),
  fc.record({ type: fc.constant("error" as const), number, text: fc.constant("oh") }),
);
const garbage = fc.uint8Array({ maxLength: 120 }).filter((bytes) => {
  try {
    decodeV1Packet(bytes);
    return false;
  } catch {
    return true;
  }
});
type Step = { readonly packet: Uint8Array } | { readonly waitMs: number } | { readonly isSlow: boolean };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: packets.map((packet) => ({ packet: encodeV1Packet(packet) })) },
    { weight: 2, arbitrary: fc.constantFrom(1, 5_000, 29_999, 30_000).map((waitMs) => ({ waitMs })) },
    { weight: 1, arbitrary: fc.boolean().map((isSlow) => ({ isSlow })) },
  ),
  { maxLength: 25 },
);

const given = { server: SERVER, remoteName: "file", localName: "file" };
const disk = (): MemoryDisk => new MemoryDisk({ files: { file: content(250) } });
const subjects = {
  server: () => new Bench(new V1Server({ platform: plainPlatform(), writable: true, maxSessions: 1 }), disk()),
  "GET client": () => new Bench(new V1GetClient({ ...given, localName: "copy", platform: plainPlatform() }), disk()),
  "PUT client": () => new Bench(new V1PutClient({ ...given, platform: plainPlatform() }), disk()),
};

const stateOf = ({ machine, now, disk, waiting }: Bench): unknown => ({
  state: (machine as V1Server | V1GetClient | V1PutClient).fingerprint(now),
  deadline: machine.nextDeadline(),
  disk: disk.fingerprint(),
  waiting: waiting.length,
});

describe.each(Object.entries(subjects))("%s", (kind, create) => {
  const peer = kind === "server" ? CLIENT : SERVER;
  function play(bench: Bench, script: readonly Step[]): void {
    bench.wait(0);
    for (const step of script) {
      if ("packet" in step) bench.take(step.packet, peer);
      else if ("waitMs" in step) bench.wait(step.waitMs);
      else {
        bench.isSlow = step.isSlow;
        if (!bench.isSlow) bench.work();
      }
    }
  }

  it.prop([steps, garbage])(
    "S2, I9: in any state, what is no packet is not answered and changes nothing",
    (script, bytes) => {
      const bench = create();
      play(bench, script);
      const before = stateOf(bench);
      expect(bench.take(bytes, peer)).toEqual([]);
      expect(stateOf(bench)).toEqual(before);
    },
  );

  it.prop([steps])("S2, S17: any packets in any order end with nothing open once all is silent", (script) => {
    const bench = create();
    play(bench, script);
    bench.isSlow = false;
    bench.work();
    bench.wait(200_000);
    expect(bench.machine.nextDeadline()).toBeUndefined();
    expect([bench.disk.openFiles, bench.disk.partKeys]).toEqual([0, []]);
    expect(bench.disk.read("file")).toEqual(content(250));
  });

  it.prop([steps])("the same inputs give the same state", (script) => {
    const [one, two] = [create(), create()];
    for (const bench of [one, two]) play(bench, script);
    expect(stateOf(one)).toEqual(stateOf(two));
  });

  it.prop([steps, packets])("S9, S16: packets of others change nothing for this one", (script, packet) => {
    if (kind === "server") return; // a session of another address: below
    const bench = create();
    play(bench, script);
    const before = stateOf(bench);
    expect(bench.take(encodeV1Packet(packet), { ...SERVER, port: 1 })).toEqual([]);
    expect(stateOf(bench)).toEqual(before);
  });
});

it.prop([steps, steps])("S16, I7: what one client is answered does not depend on another", (script, others) => {
  const stranger = { ...CLIENT, port: CLIENT.port + 1 };
  const run = (isAlone: boolean): string[][] => {
    const bench = new Bench(new V1Server({ platform: plainPlatform(), writable: false }), disk());
    return script.map((step, index) => {
      const other = others[index];
      if (!isAlone && other !== undefined && "packet" in other) bench.take(other.packet, stranger);
      return "packet" in step ? bench.take(step.packet) : "waitMs" in step ? bench.wait(step.waitMs) : [];
    });
  };
  expect(run(false)).toEqual(run(true));
});
