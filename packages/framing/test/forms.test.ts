import { getEventListeners } from "node:events";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import {
  decodeBodies,
  decodeFrames,
  encodeBody,
  FrameDecoderStream,
  FrameEncoderStream,
  WebFrameDecoderStream,
  WebFrameEncoderStream,
} from "../src/index.js";
import { announcing, collect, concat, frame, plain, text } from "./bytes.js";

/** A source that says how often it was asked, and whether it was closed. */
class Source implements AsyncIterable<Uint8Array> {
  asked = 0;
  closed = 0;
  readonly #chunks: readonly Uint8Array[];
  readonly #silentAfter: number;
  constructor(chunks: readonly Uint8Array[], silentAfter: number = Number.POSITIVE_INFINITY) {
    this.#chunks = chunks;
    this.#silentAfter = silentAfter;
  }
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const index = this.asked++;
        if (index >= this.#silentAfter) return await new Promise<never>(() => {});
        const value = this.#chunks[index];
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      return: async () => {
        this.closed++;
        return { done: true, value: undefined };
      },
    };
  }
}

const hello = ["h", "e", "llo"].map(text);
const helloFrames = hello.map((payload) => frame(payload));

it("F12: batches are what each chunk completes, and never empty", async () => {
  const [a, b, c] = helloFrames as [Uint8Array, Uint8Array, Uint8Array];
  const chunks = [concat([a, b, c.slice(0, 2)]), c.slice(2, 5), c.slice(5)];
  const batches = await collect(decodeFrames(new Source(chunks)).batches());
  expect(batches.map(plain)).toEqual([plain(hello.slice(0, 2)), plain(hello.slice(2))]);
});

it("F12: can be iterated once", async () => {
  const frames = decodeFrames(helloFrames);
  expect(await collect(frames)).toHaveLength(3);
  expect(() => frames.batches()).toThrow(expect.objectContaining({ code: "ALREADY_ITERATED" }));
});

it("F12: reads a ReadableStream that cannot be iterated, and cancels it", async () => {
  let cancelled = 0;
  const reader = {
    read: async () => ({ done: false, value: concat(helloFrames) }),
    cancel: async () => void cancelled++,
  };
  const stream = { getReader: () => reader } as unknown as ReadableStream<Uint8Array>;
  for await (const one of decodeFrames(stream)) {
    expect(plain([one])).toEqual(plain([text("h")]));
    break;
  }
  expect(cancelled).toBe(1);
});

it("F12: closes the source when it stops early or fails, and not after its end", async () => {
  const ended = new Source(helloFrames);
  await collect(decodeFrames(ended));
  expect(ended.closed).toBe(0);
  const left = new Source(helloFrames);
  for await (const _ of decodeFrames(left)) break;
  expect(left.closed).toBe(1);
  const broken = new Source([announcing(2n ** 60n), ...helloFrames]);
  await expect(collect(decodeFrames(broken))).rejects.toThrow("above the limit");
  expect(broken.closed).toBe(1);
  expect(broken.asked).toBe(1);
});

it("F12: an abort rejects with the signal's reason, also while the source is silent, and closes the source", async () => {
  for (const form of [
    (source: Source, signal: AbortSignal) => collect(decodeFrames(source, { signal })),
    (source: Source, signal: AbortSignal) => collect(decodeBodies(source, { signal })),
    (source: Source, signal: AbortSignal) => collect(encodeBody(1, source, { signal })),
  ]) {
    const controller = new AbortController();
    const source = new Source([], 0);
    const result = form(source, controller.signal);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(source.closed).toBe(1);
    const never = new Source(helloFrames);
    await expect(form(never, controller.signal)).rejects.toBe(reason);
    expect(never.asked).toBe(0);
  }
});

it("F12: a signal that is used for many waits does not collect listeners", async () => {
  const { signal } = new AbortController();
  const seen: number[] = [];
  for await (const _ of decodeFrames(new Source(helloFrames), { signal })) {
    seen.push(getEventListeners(signal, "abort").length);
  }
  expect(seen).toEqual([0, 0, 0]);
});

it("F12: what the source throws comes through as it is", async () => {
  const failure = new Error("disk");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield frame(text("a"));
    throw failure;
  }
  const seen: Uint8Array[] = [];
  const run = async (): Promise<void> => {
    for await (const one of decodeFrames(failing())) seen.push(one);
  };
  await expect(run()).rejects.toBe(failure);
  expect(seen).toHaveLength(1);
});

it("F13: decodeFrames and decodeBodies ask for no chunk before a frame is wanted", async () => {
  const source = new Source(helloFrames);
  const frames = decodeFrames(source)[Symbol.asyncIterator]();
  expect(source.asked).toBe(0);
  await frames.next();
  expect(source.asked).toBe(1);
  const another = new Source(helloFrames);
  const bodies = decodeBodies(another);
  const first = await bodies.next();
  expect(another.asked).toBe(1);
  expect(first.value?.length).toBe(1);
});

it("F13: the Node streams hold the writer back at the number of frames that the option names", async () => {
  const decoder = new FrameDecoderStream({ maxBufferedFrames: 3 });
  const chunk = concat(Array.from({ length: 100 }, () => frame(text("x"))));
  decoder.write(chunk);
  decoder.write(chunk);
  await new Promise(setImmediate);
  expect(decoder.readableLength).toBeLessThanOrEqual(3);
  expect(decoder.writableLength).toBe(2 * chunk.length); // neither chunk is done with
  decoder.end();
  expect(await collect(decoder)).toHaveLength(200);

  const encoder = new FrameEncoderStream({ maxBufferedFrames: 4 });
  let accepted = 0;
  while (accepted < 50 && encoder.write(new Uint8Array(100_000))) accepted++;
  for (let count = 0; count < 20; count++) encoder.write(new Uint8Array(100_000));
  await new Promise(setImmediate);
  expect(accepted).toBeLessThanOrEqual(4);
  expect(encoder.readableLength).toBeLessThan(3 * 100_000); // of the 25 that were written
});

it("F13: the Web streams hold the writer back until the frames of a chunk are read", async () => {
  const { readable, writable } = new WebFrameDecoderStream();
  const writer = writable.getWriter();
  let isWritten = false;
  const written = writer.write(concat(helloFrames)).then(() => {
    isWritten = true;
  });
  const reader = readable.getReader();
  for (const expected of hello) {
    await new Promise(setImmediate);
    expect(isWritten).toBe(false);
    expect(plain([(await reader.read()).value as Uint8Array])).toEqual(plain([expected]));
  }
  await written;
});

it("F12: a Web stream that is cancelled ends its writer, and one that is aborted its reader", async () => {
  const cancelled = new WebFrameDecoderStream();
  const writer = cancelled.writable.getWriter();
  const written = writer.write(concat(helloFrames));
  writer.closed.catch(() => {});
  await new Promise(setImmediate);
  await cancelled.readable.cancel(new Error("enough"));
  await written;
  await expect(writer.write(frame(text("x")))).rejects.toThrow("enough");

  const aborted = new WebFrameDecoderStream();
  const read = aborted.readable.getReader().read();
  await aborted.writable.abort(new Error("lost"));
  await expect(read).rejects.toThrow("lost");
});

it("F2: an encoding stream refuses a payload above the limit", async () => {
  const stream = new FrameEncoderStream({ maxFrameBytes: 1 });
  stream.write(text("a"));
  stream.end(text("ab"));
  await expect(collect(stream)).rejects.toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }));
  const web = new WebFrameEncoderStream({ maxFrameBytes: 1 });
  const read = web.readable.getReader().read();
  await expect(web.writable.getWriter().write(text("ab"))).rejects.toThrow("above the limit");
  await expect(read).rejects.toThrow("above the limit");
});

it("F8: a frame decoder stream that is piped to hands on frames, empty ones too", async () => {
  const source = Readable.from([frame(text("")), frame(text("a"))], { objectMode: false });
  expect(plain(await collect(source.pipe(new FrameDecoderStream())))).toEqual(plain([text(""), text("a")]));
});

it("F14: bodies come as they arrive, empty ones too, and their bytes are the payload", async () => {
  const bytes = concat([frame(text("abcdef")), frame(text("")), frame(text("z"))]);
  const seen: unknown[] = [];
  for await (const { length, body } of decodeBodies(new Source([bytes.slice(0, 10), bytes.slice(10)]))) {
    seen.push([length, plain(await collect(body))]);
  }
  expect(seen).toEqual([
    [6, plain([text("ab"), text("cdef")])],
    [0, []],
    [1, plain([text("z")])],
  ]);
});

it("F14: a body that is cancelled, or whose loop is left, is dropped", async () => {
  const bytes = concat([frame(new Uint8Array(1000)), frame(new Uint8Array(1000)), frame(text("last"))]);
  const chunks = Array.from({ length: Math.ceil(bytes.length / 100) }, (_, i) => bytes.slice(100 * i, 100 * i + 100));
  const lengths: number[] = [];
  for await (const { length, body, cancel } of decodeBodies(new Source(chunks))) {
    lengths.push(length);
    if (lengths.length === 1) cancel();
    else if (lengths.length === 2) for await (const _ of body) break;
    else expect(plain([concat(await collect(body))])).toEqual(plain([text("last")]));
  }
  expect(lengths).toEqual([1000, 1000, 4]);
});

it("F14: asking for the next frame before the body is drained or cancelled is the caller's mistake", async () => {
  const source = new Source([concat(helloFrames)]);
  const bodies = decodeBodies(source);
  await bodies.next();
  await expect(bodies.next()).rejects.toThrow(expect.objectContaining({ code: "BODY_UNREAD" }));
  expect(source.closed).toBe(1);
});

it("F14: a body can be read once", async () => {
  for await (const { body } of decodeBodies(helloFrames)) {
    await collect(body);
    await expect(collect(body)).rejects.toThrow(expect.objectContaining({ code: "ALREADY_ITERATED" }));
  }
});

it("F14: lengths go up to 2^53-1, or to maxBodyBytes", async () => {
  const huge = new Source([announcing(2n ** 53n - 1n)]);
  const { value } = await decodeBodies(huge).next();
  expect(value?.length).toBe(2 ** 53 - 1);
  await expect(collect(decodeBodies([announcing(11n)], { maxBodyBytes: 10 }))).rejects.toThrow(
    expect.objectContaining({ code: "FRAME_TOO_LARGE", announced: 11n, limit: 10 }),
  );
  expect(() => encodeBody(11, [], { maxBodyBytes: 10 })).toThrow(
    expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }),
  );
  const header = await encodeBody(2n ** 53n - 1n, []).next();
  expect(plain([header.value as Uint8Array])).toEqual(plain([announcing(2n ** 53n - 1n)]));
});

it("F14: a source that gives more or fewer bytes than announced is refused, before a byte too many", async () => {
  for (const [length, says] of [
    [4, "more than the 4 bytes"],
    [6, "1 bytes short of the 6"],
  ] as const) {
    const sent: Uint8Array[] = [];
    const run = async (): Promise<void> => {
      for await (const chunk of encodeBody(length, new Source([text("ab"), text("cde")]))) sent.push(chunk);
    };
    await expect(run()).rejects.toThrow(expect.objectContaining({ code: "BODY_LENGTH" }));
    await expect(run()).rejects.toThrow(says);
    expect(concat(sent).length).toBeLessThanOrEqual(2 * (8 + length));
  }
});

it("F17: slabs of one size, large payloads by reference, and what was taken stays as it was", async () => {
  const { FrameEncoder } = await import("../src/index.js");
  const encoder = new FrameEncoder();
  const reused = new Uint8Array(16);
  for (let count = 0; count < 6000; count++) encoder.add(reused.fill(count & 0xff));
  const large = new Uint8Array(70_000);
  encoder.add(large);
  expect(encoder.pendingBytes).toBe(6000 * 24 + 8 + 70_000);
  const chunks = encoder.take();
  expect(encoder.pendingBytes).toBe(0);
  expect(encoder.take()).toEqual([]);
  expect(chunks.map((chunk) => chunk.length)).toEqual([65_520, 65_520, 6000 * 24 - 2 * 65_520 + 8, 70_000]);
  expect(chunks[3]).toBe(large);
  const before = plain(chunks.slice(0, 3));
  for (let count = 0; count < 3000; count++) encoder.add(reused.fill(255));
  expect(plain(chunks.slice(0, 3))).toEqual(before);
});

it("F6: a visitor that throws has taken its frame, and the next call goes on after it", async () => {
  const { FrameDecoder } = await import("../src/index.js");
  const decoder = new FrameDecoder();
  const seen: string[] = [];
  const visit = (bytes: Uint8Array, start: number, end: number): void => {
    seen.push(Buffer.from(bytes.subarray(start, end)).toString());
    if (seen.length === 1) throw new Error("stop");
  };
  expect(() => decoder.visit(concat(helloFrames), visit)).toThrow("stop");
  expect(decoder.frameCount).toBe(1);
  decoder.visit(new Uint8Array(0), visit);
  expect(seen).toEqual(["h", "e", "llo"]);
});

it("F7: the forms give views unless `copy` is set", async () => {
  for (const copy of [false, true]) {
    const chunk = concat(helloFrames);
    const stream = new FrameDecoderStream({ copy });
    stream.end(Buffer.from(chunk.buffer));
    const frames = [...(await collect(decodeFrames([chunk], { copy }))), ...(await collect(stream))];
    expect(frames.map((one) => one.buffer === chunk.buffer)).toEqual(Array(6).fill(!copy));
    expect(plain(frames)).toEqual(plain([...hello, ...hello]));
  }
});

it("F17: addAll() is add() for each, for arrays and any iterable, and keeps what came before a refused one", async () => {
  const { FrameEncoder } = await import("../src/index.js");
  const payloads = [0, 1, 24, 25, 15_999, 16_000, 16_384, 3, 30_000].map((size) => new Uint8Array(size).fill(size));
  const refused = new Uint8Array(30_001);
  const outcomes = [
    (encoder: InstanceType<typeof FrameEncoder>, all: Uint8Array[]) => all.forEach((one) => void encoder.add(one)),
    (encoder: InstanceType<typeof FrameEncoder>, all: Uint8Array[]) => encoder.addAll(all),
    (encoder: InstanceType<typeof FrameEncoder>, all: Uint8Array[]) => encoder.addAll(new Set(all)),
  ].map((add) => {
    const encoder = new FrameEncoder({ maxFrameBytes: 30_000 });
    add(encoder, payloads);
    expect(() => add(encoder, [...payloads, refused, text("x")])).toThrow(
      expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }),
    );
    expect(() => add(encoder, ["no bytes" as never])).toThrow(TypeError);
    return encoder.take();
  });
  const frames = concat([...payloads, ...payloads].map((payload) => frame(payload)));
  for (const chunks of outcomes) {
    expect(Buffer.compare(concat(chunks), frames)).toBe(0);
    expect(chunks.map((chunk) => chunk.length)).toEqual(outcomes[0]?.map((chunk) => chunk.length));
  }
});
