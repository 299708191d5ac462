import fc from "fast-check";
import { expect, it } from "vitest";
import { impairments } from "../src/arbitraries/index.js";
import { type Fate, LinkModel, Random } from "../src/core/index.js";

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
