import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { Random } from "../src/core/random.js";
import { type StreamImpairments, StreamModel, type StreamPiece } from "../src/core/stream-model.js";

const numRuns = Number(process.env["LAB_RUNS"] ?? 100);
const probability = fc.constantFrom(0, 0.1, 0.5, 1);
const impairments: fc.Arbitrary<StreamImpairments> = fc.record({
  latencyMs: fc.constantFrom(0, 5, 50),
  jitterMs: fc.constantFrom(0, 10),
  bytesPerSecond: fc.constantFrom(1_000, 1e6, Number.POSITIVE_INFINITY),
  segmentBytes: fc.constantFrom<number | readonly [number, number]>(1, 7, 1_460, [1, 20], [3, 3]),
  drop: probability,
  retransmitMs: fc.constantFrom(0, 200),
  corrupt: probability,
});
/** What is written when: sizes and the time that passes before each. */
const writes = fc.array(fc.record({ bytes: fc.nat(60), afterMs: fc.nat(20) }), { maxLength: 20 });

interface Offered {
  readonly pieces: readonly StreamPiece[];
  readonly sent: Buffer;
  readonly arrived: Buffer;
}

function offer(
  options: StreamImpairments,
  seed: number,
  given: readonly { bytes: number; afterMs: number }[],
): Offered {
  const model = new StreamModel(options, new Random(seed));
  const pieces: StreamPiece[] = [];
  let now = 0;
  let count = 0;
  for (const { bytes, afterMs } of given) {
    now += afterMs;
    pieces.push(
      ...model.offer(
        now,
        Uint8Array.from({ length: bytes }, () => count++ & 0xff),
      ),
    );
  }
  const sent = Buffer.from(Uint8Array.from({ length: count }, (_, at) => at & 0xff));
  return { pieces, sent, arrived: Buffer.concat(pieces.map(({ bytes }) => bytes)) };
}

describe("a model of one direction of a connection", () => {
  it.prop([impairments, fc.integer(), writes], { numRuns })(
    "N58: no byte is lost, doubled or moved, and none before its time",
    (options, seed, given) => {
      const { pieces, sent, arrived } = offer({ ...options, corrupt: 0 }, seed, given);
      expect(arrived.equals(sent)).toBe(true);
      for (const [at, piece] of pieces.entries()) expect(piece.at).toBeGreaterThanOrEqual(pieces[at - 1]?.at ?? 0);
      const { latencyMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY } = options;
      const least = (sent.length * 1_000) / bytesPerSecond + latencyMs;
      if (sent.length > 0) expect(pieces.at(-1)?.at ?? 0).toBeGreaterThanOrEqual(least - 1e-6);
    },
  );

  it.prop([impairments, fc.integer(), writes, writes], { numRuns })(
    "N59: the same bytes are corrupted, and the same segments late, however they are written",
    (options, seed, one, other) => {
      const first = offer(options, seed, one);
      const second = offer(options, seed, other);
      const length = Math.min(first.sent.length, second.sent.length);
      expect(first.arrived.subarray(0, length).equals(second.arrived.subarray(0, length))).toBe(true);
      const late = ({ pieces }: Offered): number[] => {
        let offset = 0;
        return pieces.flatMap(({ bytes, dropped }) => {
          offset += bytes.length;
          return dropped && offset - bytes.length < length ? [offset - bytes.length] : [];
        });
      };
      expect(late(first)).toEqual(late(second));
    },
  );

  it.prop([impairments, fc.integer(), writes], { numRuns })(
    "N58: no piece is longer than a segment",
    (options, seed, given) => {
      const { segmentBytes = 1_460 } = options;
      const longest = typeof segmentBytes === "number" ? segmentBytes : segmentBytes[1];
      const { pieces } = offer(options, seed, given);
      for (const { bytes } of pieces) expect(bytes.length > 0 && bytes.length <= longest).toBe(true);
    },
  );
});

describe("examples", () => {
  const at = ({ pieces }: { pieces: readonly StreamPiece[] }): number[] => pieces.map((piece) => piece.at);

  it("N60: a line carries its rate, and the delay follows: 3 segments of 10 bytes at 1,000 B/s and 50 ms", () => {
    const options = { bytesPerSecond: 1_000, latencyMs: 50, segmentBytes: 10 };
    expect(at(offer(options, 1, [{ bytes: 30, afterMs: 0 }]))).toEqual([60, 70, 80]);
    expect(
      at(
        offer(options, 1, [
          { bytes: 10, afterMs: 0 },
          { bytes: 10, afterMs: 20 },
        ]),
      ),
    ).toEqual([60, 80]);
  });

  it("N60: a segment that is lost comes retransmitMs later, and what is behind it waits", () => {
    const options = { drop: 0.5, retransmitMs: 300, segmentBytes: 10 };
    const { pieces } = offer(options, 3, [
      { bytes: 60, afterMs: 0 },
      { bytes: 60, afterMs: 20 },
    ]);
    const first = pieces.findIndex(({ dropped }) => dropped);
    expect(first).toBeGreaterThanOrEqual(0);
    for (const [index, piece] of pieces.entries())
      expect(piece.at).toBe(piece.dropped || index > first ? Math.max(300, piece.at) : 0);
    expect(pieces.filter((piece) => piece.at === 320).length).toBeGreaterThan(0);
  });

  it("N60: the end comes behind the last byte", () => {
    const model = new StreamModel({ bytesPerSecond: 1_000, latencyMs: 50 }, new Random(1));
    expect(model.end(5)).toBe(55);
    model.offer(100, new Uint8Array(20));
    expect(model.end(100)).toBe(170);
  });

  it("N59: a segment of which half has come keeps its fate when the impairments change; the next one has another", () => {
    const model = new StreamModel({ drop: 1, retransmitMs: 100, segmentBytes: 10 }, new Random(1));
    expect(model.offer(0, new Uint8Array(5)).map((piece) => piece.at)).toEqual([100]);
    model.change({ segmentBytes: 10 });
    expect(model.offer(200, new Uint8Array(10)).map((piece) => piece.at)).toEqual([300, 300]);
    expect(model.offer(400, new Uint8Array(5)).map((piece) => piece.at)).toEqual([400]);
  });

  it.each([
    [{ latencyMs: -1 }, /latencyMs must be a finite number from 0, not -1/],
    [{ jitterMs: Number.NaN }, /jitterMs/],
    [{ retransmitMs: Number.POSITIVE_INFINITY }, /retransmitMs/],
    [{ bytesPerSecond: 0 }, /bytesPerSecond must be above 0/],
    [{ segmentBytes: 0 }, /segmentBytes must be a whole number from 1/],
    [{ segmentBytes: [5, 4] as const }, /segmentBytes .* in rising order/],
    [{ drop: 1.1 }, /drop must be from 0 to 1/],
    [{ corrupt: -0.1 }, /corrupt must be from 0 to 1/],
  ])("N58: refuses %o", (options, message) => {
    expect(() => new StreamModel(options, new Random(1))).toThrow(message);
  });
});
