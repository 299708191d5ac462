/** The ten rules of docs/framing.md as checks with node:assert, so that mutants can be run against them anywhere. */
import assert from "node:assert/strict";
import {
  FrameTooLargeError,
  FramingError,
  LocalProtocolError,
  RemoteProtocolError,
  TruncatedFrameError,
} from "../src/index.js";
import { announcing, collect, concat, frame, pieces, plain, text } from "./bytes.js";
import type { Check, Subject } from "./subject.js";

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** What a call throws; an AssertionError where it throws nothing. */
export function thrown(call: () => unknown): unknown {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    return error;
  }
  assert.fail(`nothing was thrown, but ${String(result)} returned`);
}

function refusedAs(error: unknown, announced: bigint, limit: number): void {
  assert.ok(error instanceof FrameTooLargeError, `refused as ${String(error)}`);
  assert.deepEqual([error.announced, error.limit], [announced, limit]);
}

function truncation(error: unknown): unknown[] {
  assert.ok(error instanceof TruncatedFrameError, `ended with ${String(error)}`);
  return [error.frameIndex, error.have, error.want, error.inHeader];
}

/** The error that a decoder has after one chunk. */
function errorAfter(subject: Subject, chunk: Uint8Array, maxFrameBytes: number): unknown {
  const decoder = new subject.FrameDecoder({ maxFrameBytes });
  decoder.push(chunk);
  return decoder.error;
}

const one: readonly Check[] = [
  {
    rule: "F1",
    title: "refuses lengths above 2^53-1 exactly, whatever the limit",
    run: (subject) => {
      for (const length of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
        refusedAs(errorAfter(subject, announcing(length), MAX_SAFE), length, MAX_SAFE);
        const bodies = new subject.BodyDecoder();
        assert.deepEqual(bodies.push(announcing(length)), []);
        refusedAs(bodies.error, length, MAX_SAFE);
      }
    },
  },
  {
    rule: "F1",
    title: "reads lengths of up to 2^53-1 without rounding",
    run: (subject) => {
      for (const length of [2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 52 + 1, MAX_SAFE]) {
        const decoder = new subject.FrameDecoder({ maxFrameBytes: MAX_SAFE });
        decoder.push(announcing(BigInt(length)));
        assert.deepEqual(truncation(thrown(() => decoder.end())), [0, 0, length, false]);
        assert.equal(subject.readU64(announcing(BigInt(length))), length);
      }
    },
  },
  {
    rule: "F1",
    title: "writes lengths of up to 2^53-1 without rounding, and refuses those above",
    run: (subject) => {
      const options = { maxFrameBytes: MAX_SAFE };
      for (const length of [0, 1, 255, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 52 + 1, MAX_SAFE]) {
        assert.deepEqual(plain([subject.encodeHeader(length, options)]), plain([announcing(BigInt(length))]));
      }
      for (const length of [2 ** 53, 2n ** 53n + 1n, 2n ** 64n]) {
        refusedAs(
          thrown(() => subject.encodeHeader(length, options)),
          BigInt(length),
          MAX_SAFE,
        );
      }
    },
  },
];

const two: readonly Check[] = [
  {
    rule: "F2",
    title: "accepts a frame of maxFrameBytes and refuses one byte more, on both sides",
    run: (subject) => {
      const options = { maxFrameBytes: 10 };
      const [fits, tooLong] = [new Uint8Array(10), new Uint8Array(11)];
      assert.equal(new subject.FrameDecoder(options).push(frame(fits)).length, 1);
      refusedAs(errorAfter(subject, frame(tooLong), 10), 11n, 10);
      assert.equal(subject.encodeFrame(fits, options).length, 18);
      refusedAs(
        thrown(() => subject.encodeFrame(tooLong, options)),
        11n,
        10,
      );
      const encoder = new subject.FrameEncoder(options);
      encoder.add(fits);
      refusedAs(
        thrown(() => encoder.add(tooLong)),
        11n,
        10,
      );
      assert.equal(encoder.pendingBytes, 18);
    },
  },
  {
    rule: "F2",
    title: "has a limit of 16 MiB by default, on both sides",
    run: (subject) => {
      const limit = 16 * 1024 * 1024;
      assert.equal(new subject.FrameDecoder().maxFrameBytes, limit);
      assert.equal(new subject.FrameEncoder().maxFrameBytes, limit);
      refusedAs(errorAfter(subject, announcing(BigInt(limit + 1)), limit), BigInt(limit + 1), limit);
      refusedAs(
        thrown(() => subject.encodeHeader(limit + 1)),
        BigInt(limit + 1),
        limit,
      );
    },
  },
  {
    rule: "F2",
    title: "refuses as soon as the header is complete, before anything is allocated",
    run: (subject) => {
      let allocations = 0;
      class Counting extends subject.FrameDecoder {
        protected override capacity(have: number, want: number, room: number): number {
          allocations++;
          return super.capacity(have, want, room);
        }
      }
      const decoder = new Counting({ maxFrameBytes: 100 });
      const header = announcing(101n);
      for (const byte of pieces(header.slice(0, 7), 1)) decoder.push(byte);
      assert.equal(decoder.error, undefined);
      decoder.push(header.slice(7));
      assert.equal(allocations, 0);
      refusedAs(decoder.error, 101n, 100);
    },
  },
];

const three: readonly Check[] = [
  {
    rule: "F3",
    title: "a header that announces 1 GiB does not allocate it",
    run: (subject) => {
      const decoder = new subject.FrameDecoder({ maxFrameBytes: 2 ** 30 });
      const chunk = concat([announcing(2n ** 30n), new Uint8Array(100)]);
      const before = process.memoryUsage().arrayBuffers;
      decoder.push(chunk);
      const grown = process.memoryUsage().arrayBuffers - before;
      assert.ok(grown <= 3 * chunk.length + 65_536, `${grown} bytes were allocated for ${chunk.length} received`);
    },
  },
  {
    rule: "F3",
    title: "holds at most three times what came plus 64 KiB, also while it grows",
    run: (subject) => {
      for (const size of [1000, 40_000, 70_000, 300_000]) {
        let received = 8;
        let worst = 0;
        class Recording extends subject.FrameDecoder {
          protected override capacity(have: number, want: number, room: number): number {
            const taken = super.capacity(have, want, room);
            worst = Math.max(worst, room + taken - 3 * received - 65_536); // old and new buffer, while it copies
            return taken;
          }
        }
        const decoder = new Recording({ maxFrameBytes: 2 ** 30 });
        decoder.push(announcing(2n ** 30n));
        for (let count = 0; count < 20; count++) {
          received += size;
          decoder.push(new Uint8Array(size));
        }
        assert.ok(worst <= 0, `${worst} bytes above the bound with chunks of ${size}`);
      }
    },
  },
];

/** Where the bytes can end, after one good frame. */
const ends = [
  ["inside the header", 3, [1, 3, 8, true]],
  ["right after the header", 8, [1, 0, 5, false]],
  ["inside the payload", 11, [1, 3, 5, false]],
] as const;

const four: readonly Check[] = [
  {
    rule: "F4",
    title: "an end on a boundary is clean, with and without frames before it",
    run: (subject) => {
      new subject.FrameDecoder().end();
      const decoder = new subject.FrameDecoder();
      assert.equal(decoder.push(concat([frame(text("hi")), frame(text(""))])).length, 2);
      decoder.end();
    },
  },
  ...ends.map(
    ([where, kept, expected]): Check => ({
      rule: "F4",
      title: `an end ${where} is a truncation, and the frame before it is delivered`,
      run: async (subject) => {
        const bytes = concat([frame(text("good")), frame(text("12345")).slice(0, kept)]);
        for (const size of [bytes.length, 1]) {
          const decoder = new subject.FrameDecoder();
          const frames = pieces(bytes, size).flatMap((chunk) => decoder.push(chunk));
          assert.deepEqual(plain(frames), plain([text("good")]));
          assert.deepEqual(truncation(thrown(() => decoder.end())), expected);
        }
        const stream = new subject.FrameDecoderStream();
        stream.end(bytes);
        const seen: Uint8Array[] = [];
        const failure = await (async () => {
          for await (const one of stream) seen.push(one);
        })().then(
          () => undefined,
          (error: unknown) => error,
        );
        assert.deepEqual(plain(seen), plain([text("good")]));
        assert.deepEqual(truncation(failure), expected);
        const bodies = new subject.BodyDecoder();
        bodies.push(bytes);
        assert.deepEqual(truncation(thrown(() => bodies.end())), expected);
      },
    }),
  ),
];

const five: readonly Check[] = [
  {
    rule: "F5",
    title: "empty frames are frames, in any chunking",
    run: (subject) => {
      const payloads = ["", "", "a", "", "bc", ""].map(text);
      for (const headerBytes of [8, 4] as const) {
        const bytes = concat(payloads.map((payload) => frame(payload, headerBytes)));
        for (let size = 1; size <= bytes.length; size++) {
          const decoder = new subject.FrameDecoder({ headerBytes });
          const frames = pieces(bytes, size).flatMap((chunk) => decoder.push(chunk));
          assert.deepEqual(plain(frames), plain(payloads), `in chunks of ${size}`);
          decoder.end();
        }
      }
    },
  },
  {
    rule: "F5",
    title: "the bytes copied stay in proportion to the bytes received",
    run: (subject) => {
      let copied = 0;
      class Recording extends subject.FrameDecoder {
        protected override capacity(have: number, want: number, room: number): number {
          copied += room; // growing copies what the old buffer holds
          return super.capacity(have, want, room);
        }
      }
      const decoder = new Recording();
      const bytes = frame(new Uint8Array(300_000));
      for (const chunk of pieces(bytes, 100)) decoder.push(chunk);
      assert.ok(copied <= 2 * bytes.length, `${copied} bytes were copied again for ${bytes.length} received`);
    },
  },
];

const six: readonly Check[] = [
  {
    rule: "F6",
    title: "push() returns the frames before an error; every later call throws it",
    run: (subject) => {
      const decoder = new subject.FrameDecoder({ maxFrameBytes: 5 });
      const frames = decoder.push(concat([frame(text("a")), frame(text("b")), frame(text("too long"))]));
      assert.deepEqual(plain(frames), plain([text("a"), text("b")]));
      const { error } = decoder;
      refusedAs(error, 8n, 5);
      for (const call of [
        () => decoder.push(new Uint8Array(0)),
        () => decoder.push(frame(text("c"))),
        () => decoder.next(),
        () => decoder.feed(text("x")),
        () => decoder.end(),
        () => decoder.visit(text("x"), () => {}),
        () => decoder.end(),
      ]) {
        assert.equal(thrown(call), error);
      }
    },
  },
  {
    rule: "F6",
    title: "next() gives one frame at a time, and rest() exactly the bytes after it",
    run: (subject) => {
      const bytes = concat([frame(text("a")), frame(text("")), frame(text("hello")), text("SSH-2.0")]);
      const afterFrame = [9, 17, 30];
      for (const size of [1, 3, 10, bytes.length]) {
        for (const [wanted, unread] of afterFrame.entries()) {
          const decoder = new subject.FrameDecoder();
          let got = 0;
          let fed = 0;
          for (const chunk of pieces(bytes, size)) {
            decoder.feed(chunk);
            fed += chunk.length;
            while (got <= wanted && decoder.next() !== undefined) got++;
            if (got > wanted) break;
          }
          assert.deepEqual(plain([decoder.rest()]), plain([bytes.slice(unread, fed)]));
        }
      }
    },
  },
  {
    rule: "F6",
    title: "rest() includes the part of a frame that was taken in",
    run: (subject) => {
      const bytes = frame(text("hello"));
      for (let kept = 0; kept < bytes.length; kept++) {
        for (const size of [1, bytes.length]) {
          const decoder = new subject.FrameDecoder();
          for (const chunk of pieces(bytes.slice(0, kept), size)) decoder.push(chunk);
          assert.deepEqual(plain([decoder.rest()]), plain([bytes.slice(0, kept)]));
        }
      }
    },
  },
];

const seven: readonly Check[] = [
  {
    rule: "F7",
    title: "a frame inside one chunk is a view of it, unless `copy` is set",
    run: (subject) => {
      for (const copy of [false, true]) {
        const chunk = concat([frame(text("abc")), frame(text("def"))]);
        const decoder = new subject.FrameDecoder({ copy });
        const pushed = decoder.push(chunk);
        const fed = new subject.FrameDecoder({ copy });
        fed.feed(chunk);
        const next = [fed.next(), fed.next()] as Uint8Array[];
        chunk.fill(0);
        for (const frames of [pushed, next]) {
          assert.equal(frames[0]?.buffer === chunk.buffer, !copy);
          assert.deepEqual(
            plain(frames),
            plain(copy ? [text("abc"), text("def")] : [new Uint8Array(3), new Uint8Array(3)]),
          );
        }
      }
    },
  },
];

const eight: readonly Check[] = [
  {
    rule: "F8",
    title: "buffered frames are never joined",
    run: async (subject) => {
      const payloads = ["one", "", "two", "three"].map(text);
      const stream = new subject.FrameDecoderStream();
      stream.end(concat(payloads.map((payload) => frame(payload))));
      assert.equal(stream.readableObjectMode, true);
      assert.deepEqual(plain(await collect(stream)), plain(payloads));
    },
  },
];

const nine: readonly Check[] = [
  {
    rule: "F9",
    title: "what the peer broke is a RemoteProtocolError with a stable code",
    run: (subject) => {
      const decoder = new subject.FrameDecoder();
      decoder.push(text("abc"));
      const cases = [
        ["FRAME_TOO_LARGE", errorAfter(subject, announcing(2n ** 60n), 10)],
        ["TRUNCATED_FRAME", thrown(() => decoder.end())],
        ["UNSAFE_INTEGER", thrown(() => subject.readU64(announcing(2n ** 60n)))],
      ] as const;
      for (const [code, error] of cases) {
        assert.ok(error instanceof RemoteProtocolError && error instanceof FramingError, `${code}: ${String(error)}`);
        assert.ok(!(error instanceof LocalProtocolError));
        assert.equal(error.code, code);
      }
    },
  },
  {
    rule: "F9",
    title: "what the caller did wrong is a LocalProtocolError with a stable code, or a TypeError or RangeError",
    run: (subject) => {
      const ended = new subject.FrameDecoder();
      ended.end();
      const taken = new subject.FrameDecoder();
      taken.rest();
      const unread = new subject.FrameDecoder();
      unread.feed(frame(text("x")));
      const cases = [
        ["ENDED", thrown(() => ended.push(text("x")))],
        ["TAKEN_OVER", thrown(() => taken.next())],
        ["UNREAD_FRAMES", thrown(() => unread.end())],
        ["PAYLOAD_TOO_LARGE", thrown(() => subject.encodeFrame(new Uint8Array(2), { maxFrameBytes: 1 }))],
      ] as const;
      for (const [code, error] of cases) {
        assert.ok(error instanceof LocalProtocolError && error instanceof FramingError, `${code}: ${String(error)}`);
        assert.ok(!(error instanceof RemoteProtocolError));
        assert.equal(error.code, code);
      }
      assert.ok(thrown(() => new subject.FrameDecoder({ maxFrameBytes: -1 })) instanceof RangeError);
      assert.ok(thrown(() => new subject.FrameDecoder({ maxFrameBytes: "1" as never })) instanceof TypeError);
    },
  },
];

const ten: readonly Check[] = [
  {
    rule: "F10",
    title: "garbage is frames or a RemoteProtocolError, and nothing else",
    run: (subject) => {
      let state = 1;
      const random = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return (state >>> 8) % below;
      };
      for (let round = 0; round < 300; round++) {
        const headerBytes = round % 2 === 0 ? 8 : 4;
        const decoder = new subject.FrameDecoder({ headerBytes, maxFrameBytes: round % 3 === 0 ? MAX_SAFE : 300 });
        // Mostly zeros, so that some headers are short lengths.
        const bytes = Uint8Array.from({ length: random(200) }, () => (random(3) === 0 ? random(256) : 0));
        try {
          for (const chunk of pieces(bytes, 1 + random(20))) decoder.push(chunk);
          decoder.end();
        } catch (error) {
          assert.ok(error instanceof RemoteProtocolError, `raised ${String(error)}`);
        }
      }
    },
  },
];

export const checks: readonly Check[] = [
  ...one,
  ...two,
  ...three,
  ...four,
  ...five,
  ...six,
  ...seven,
  ...eight,
  ...nine,
  ...ten,
];
