import fc from "fast-check";
import { expect, it } from "vitest";
import { impairments } from "../src/arbitraries/index.js";
import { type Fate, LinkModel, Random } from "../src/core/index.js";
import { LinkTable } from "../src/core/link-table.js";
import { TraceRecorder } from "../src/core/trace-recorder.js";

const offers = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 200 })), { maxLength: 60 });
const links = impairments({ bytesPerSecond: 1_000, queuePackets: 5 });

type Arrival = Extract<Fate, { type: "arrives" }>;

function offerAll(link: LinkModel, packets: readonly (readonly [number, number])[]): Fate[][] {
  let now = 0;
  return packets.map(([after, length]) => {
    now += after;
    return link.offer(now, new Uint8Array(length));
  });
}

const arrivals = (fates: readonly Fate[]): Arrival[] => fates.filter((fate) => fate.type === "arrives");

it("N8: without packets that are held back, what was sent first arrives first, and its copy after it", () => {
  fc.assert(
    fc.property(links, offers, fc.integer(), (options, packets, seed) => {
      const { reorder: _, ...rest } = options;
      const fates = offerAll(new LinkModel(rest, new Random(seed)), packets);
      const firsts = fates.flatMap((one) => arrivals(one).filter(({ copy }) => copy === 0));
      const times = firsts.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      for (const one of fates) {
        const [first, second] = arrivals(one);
        if (second !== undefined) expect(second.at).toBeGreaterThanOrEqual(first?.at ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
});

it("N7: no interval carries more than the rate and one packet, and no arrival is before the latency", () => {
  fc.assert(
    fc.property(offers, fc.integer({ min: 1, max: 5_000 }), fc.nat(50), (packets, bytesPerSecond, latencyMs) => {
      const fates = offerAll(new LinkModel({ bytesPerSecond, latencyMs }, new Random(1)), packets);
      const arrived = fates.flatMap(arrivals);
      expect(arrived.length).toBe(packets.length);
      for (let from = 0; from < arrived.length; from++) {
        let bytes = 0;
        for (let to = from + 1; to < arrived.length; to++) {
          bytes += arrived[to]?.bytes.length ?? 0;
          const ms = (arrived[to]?.at ?? 0) - (arrived[from]?.at ?? 0);
          expect(bytes).toBeLessThanOrEqual((ms * bytesPerSecond) / 1_000 + 1e-6);
        }
      }
      let now = 0;
      packets.forEach(([after, length], index) => {
        now += after;
        expect(arrived[index]?.at ?? 0).toBeGreaterThanOrEqual(
          now + latencyMs + (length * 1_000) / bytesPerSecond - 1e-9,
        );
      });
    }),
  );
});

it("N7: a full queue loses what comes, and the packet on the line counts", () => {
  const link = new LinkModel({ bytesPerSecond: 1_000, queuePackets: 3 }, new Random(1));
  const ats = [0, 0, 0, 0, 100, 100].map((now) => link.offer(now, new Uint8Array(100))[0]);
  expect(ats.map((fate) => (fate?.type === "arrives" ? fate.at : fate?.why))).toEqual([
    100,
    200,
    300,
    "queue",
    400,
    "queue",
  ]);
});

it("N20: a fault of one packet leaves the fates of all others as they were", () => {
  fc.assert(
    fc.property(impairments(), fc.integer(), fc.integer({ min: 0, max: 9 }), (options, seed, hit) => {
      const run = (forced: boolean): Fate[][] => {
        const link = new LinkModel({ ...options, jitterMs: 0 }, new Random(seed));
        return Array.from({ length: 10 }, (_, index) =>
          link.offer(index * 1_000, Uint8Array.of(index), forced && index === hit ? { drop: true, delayMs: 5 } : {}),
        );
      };
      const [plain, faulty] = [run(false), run(true)];
      plain[hit] = [{ type: "lost", why: "drop" }];
      expect(faulty).toEqual(plain);
    }),
  );
});

it("N20: corruption flips the bits of the mask and leaves the sender's bytes alone", () => {
  const sent = Uint8Array.of(1, 2, 3);
  const [fate] = new LinkModel({}, new Random(1)).offer(0, sent, { corrupt: { byte: 4, mask: 0x81 } });
  expect(fate).toMatchObject({ bytes: Uint8Array.of(1, 2 ^ 0x81, 3), corrupted: true });
  expect(sent).toEqual(Uint8Array.of(1, 2, 3));
});

it("N7: a flood on a slow line is neither remembered packet by packet nor looked through for each one", () => {
  const flooded = new LinkModel({ bytesPerSecond: 1 }, new Random(1));
  const bytes = new Uint8Array(100);
  for (let count = 1; count <= 100_000; count++) {
    const [fate] = flooded.offer(count / 1_000, bytes);
    if (count % 10_000 === 0)
      expect(arrivals(fate === undefined ? [] : [fate])[0]?.at).toBeCloseTo(count * 100_000 + 0.001, 0);
  }
});

it("N7: on parallel lines a short packet makes room before a long one that came first", () => {
  const link = new LinkModel({ bytesPerSecond: 1_000, queuePackets: 2, parallelLines: true }, new Random(1));
  const fates = [
    link.offer(0, new Uint8Array(100)),
    link.offer(0, new Uint8Array(10)),
    link.offer(5, new Uint8Array(1)),
    link.offer(10, new Uint8Array(1)),
  ].flat();
  expect(fates).toMatchObject([{ at: 100 }, { at: 10 }, { why: "queue" }, { at: 11 }]);
});

it("N7: what nobody has room for takes no place on the line, and moves no draw", () => {
  const options = { bytesPerSecond: 1_000, jitterMs: 5 };
  const fates = (noRoom: boolean): Fate[] => {
    const link = new LinkModel(options, new Random(1));
    return [link.offer(0, new Uint8Array(100), { noRoom }), link.offer(100, new Uint8Array(1))].flat();
  };
  expect(fates(true)[0]).toEqual({ type: "lost", why: "queue" });
  expect(fates(true)[1]).toEqual(fates(false)[1]);
});

it("N9: a packet that counts as corrupted is another one, in 1 to 3 bits", () => {
  const link = new LinkModel({ corrupt: 1 }, new Random(1));
  const flipped = new Set<number>();
  for (let count = 0; count < 2_000; count++) {
    const [arrival] = arrivals(link.offer(0, Uint8Array.of(0)));
    const byte = arrival?.bytes[0] ?? 0;
    expect(arrival?.corrupted).toBe(true);
    flipped.add(byte.toString(2).replaceAll("0", "").length);
  }
  expect([...flipped].sort()).toEqual([1, 2, 3]);
});

it("N2: links draw from sources of their own, whatever their nodes are called, and as often as they should", () => {
  // Chi-square of what is lost on each of 64 links, and of the first draws of two opposite links over 5,000 seeds: the
  // bounds are those that one good generator in a million passes over.
  const names = ["a", "b", "ab", "ba", "client", "server", "x > y", ">"];
  const packets = 2_000;
  let lost = 0;
  const table = new LinkTable({ drop: 0.1 }, new Random(7).fork("links"), new TraceRecorder(0).counts);
  for (const from of names) {
    for (const to of names) {
      table.change(from, to, { drop: 0.1 }); // else what a node sends to itself is not lost
      let here = 0;
      for (let at = 0; at < packets; at++) {
        if (table.offer(at, from, to, new Uint8Array(1), true)[0]?.type === "lost") here++;
      }
      lost += (here - packets * 0.1) ** 2 / (packets * 0.1 * 0.9);
    }
  }
  expect(lost).toBeLessThan(130); // 64 degrees of freedom
  const cells = new Array<number>(25).fill(0);
  for (let seed = 0; seed < 5_000; seed++) {
    const links = new Random(seed).fork("links");
    const cell = Math.floor(links.fork("a > b").unit() * 5) * 5 + Math.floor(links.fork("b > a").unit() * 5);
    cells[cell] = (cells[cell] ?? 0) + 1;
  }
  expect(cells.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0)).toBeLessThan(72); // 24
});

it("N2: names that look like a link's do not give two links one source", () => {
  const fates = (from: string, to: string): readonly Fate[] => {
    const table = new LinkTable({ jitterMs: 1_000 }, new Random(1), new TraceRecorder(0).counts);
    return table.offer(0, from, to, new Uint8Array(1), true);
  };
  expect(fates("a > b", "c")).not.toEqual(fates("a", "b > c"));
});
