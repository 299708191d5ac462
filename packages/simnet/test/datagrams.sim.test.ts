import fc from "fast-check";
import { expect, it } from "vitest";
import { faultSchedule, impairments } from "../src/arbitraries/index.js";
import { World } from "../src/core/index.js";
import { datagramProbe, kinds, payload, probe } from "./probe.js";

const nodes = ["a", "b"] as const;
const sendings = fc.array(
  fc.record({
    from: fc.constantFrom(...nodes),
    to: fc.constantFrom("a", "b", "nowhere"),
    port: fc.constantFrom(2, 2, 2, 9),
    atMs: fc.integer({ min: 0, max: 500 }),
    length: fc.nat(50),
  }),
  { maxLength: 40 },
);

it("N9: every copy of every datagram arrives, or is lost for a reason", () => {
  const faults = faultSchedule({ nodes, durationMs: 600, maxPacketIndex: 10 });
  fc.assert(
    fc.property(
      sendings,
      impairments({ bytesPerSecond: 500, queuePackets: 3 }),
      faults,
      fc.integer(),
      (sent, links, schedule, seed) => {
        const world = new World({
          seed,
          nodes: { a: datagramProbe().create, b: datagramProbe().create },
          impairments: links,
          faults: schedule,
        });
        for (const { from, atMs, length, ...rest } of sent)
          world.command(from, { ...rest, bytes: payload(length) }, atMs);
        world.run();
        const ends = new Map<number, number>();
        let copies = 0;
        let linkLosses = 0;
        for (const event of world.trace) {
          if (event.type === "datagram-sent") ends.set(event.id, 0);
          if (event.type !== "datagram-arrived" && event.type !== "datagram-lost") continue;
          ends.set(event.id, (ends.get(event.id) ?? Number.NaN) + 1);
          expect(event.at).toBeGreaterThanOrEqual(event.sentAt);
          if (event.type === "datagram-lost" && ["drop", "queue", "cut"].includes(event.why)) linkLosses++;
        }
        for (const count of ends.values()) {
          expect([1, 2]).toContain(count);
          copies += count - 1;
        }
        const { counts } = world;
        expect(counts.datagramsSent).toBe(ends.size);
        expect(counts.datagramsArrived + counts.datagramsLost).toBe(counts.datagramsSent + counts.duplicated);
        expect(counts.duplicated).toBe(copies);
        expect(counts.lostOnLinks).toBe(linkLosses);
      },
    ),
  );
});

it.each([
  ["a closed port", { to: "b", port: 9 }, "port"],
  ["an unknown node", { to: "nowhere" }, "down"],
  ["a crashed node", { to: "dead" }, "down"],
  ["a killed program", { to: "killed" }, "port"],
])("N9: what is sent to %s is lost", (_, where, why) => {
  const world = new World({
    nodes: {
      a: datagramProbe().create,
      b: datagramProbe().create,
      dead: datagramProbe().create,
      killed: datagramProbe().create,
    },
    faults: [
      { type: "crash", node: "dead", atMs: 1 },
      { type: "crash", node: "killed", atMs: 1, host: "up" },
    ],
  });
  world.command("a", { ...where, bytes: payload(3) }, 2);
  world.run();
  expect(world.trace.at(-1)).toMatchObject({ type: "datagram-lost", why, sentAt: 2 });
});

it("N10: programs may use their buffers again, when they send and when they are given them", () => {
  const buffer = payload(4);
  const seen: number[][] = [];
  const sender = probe((input) => {
    if (input.type !== "start") return undefined;
    return [
      { type: "bind", port: 1 },
      { type: "datagram", port: 1, to: { node: "b", port: 2 }, bytes: buffer },
    ];
  });
  const receiver = probe((input) => {
    if (input.type === "start") return [{ type: "bind", port: 2 }];
    if (input.type !== "datagram") return undefined;
    seen.push([...input.bytes]);
    input.bytes.fill(0xff);
    return undefined;
  });
  const world = new World({
    nodes: { b: receiver.create, a: sender.create },
    impairments: { latencyMs: 5, duplicate: 1 },
  });
  while (world.now < 1) world.step();
  buffer.fill(0);
  world.run();
  expect(seen).toEqual([[...payload(4)], [...payload(4)]]);
  for (const event of world.trace) if ("bytes" in event) expect([...event.bytes]).toEqual([...payload(4)]);
});

it("N6: a node reaches itself over a perfect link, or over the one that is named", () => {
  const told = (links: object): string[] => {
    const self = datagramProbe();
    const world = new World({ nodes: { a: self.create }, impairments: { drop: 1 }, ...links });
    world.command("a", { to: "a", bytes: payload(1) });
    world.run();
    return kinds(self.told);
  };
  expect(told({})).toEqual(["command", "datagram"]);
  expect(told({ links: [{ from: "a", to: "a", impairments: { drop: 1 } }] })).toEqual(["command"]);
});

it("N6: each direction of a link has its own impairments", () => {
  const [a, b] = [datagramProbe(), datagramProbe()];
  const links = [
    { from: "a", to: "b", impairments: { latencyMs: 30 } },
    { from: "b", to: "a", impairments: { latencyMs: 7 }, oneWay: true },
  ];
  const world = new World({ nodes: { a: a.create, b: b.create }, links });
  world.command("a", { to: "b", bytes: payload(1) });
  world.command("b", { to: "a", bytes: payload(1) });
  world.run();
  expect([a, b].map((one) => one.told.at(-1)?.now)).toEqual([7, 30]);
});
