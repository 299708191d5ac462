import { Readable } from "node:stream";
import { fc, it } from "@fast-check/vitest";
import { expect } from "vitest";
import {
  decodeBodies,
  decodeFrames,
  encodeBody,
  FrameDecoder,
  FrameDecoderStream,
  FramedSocket,
  FrameEncoderStream,
  FramingError,
  WebFrameDecoderStream,
  WebFrameEncoderStream,
} from "../src/index.js";
import { collect, concat, cutAt, frame, plain } from "./bytes.js";
import { socketPair } from "./socket-pair.js";

interface Outcome {
  readonly frames: number[][];
  /** The code of the error, and its whole content, or "clean". */
  readonly end: unknown;
}

async function outcome(run: (take: (frame: Uint8Array) => void) => Promise<void>): Promise<Outcome> {
  const frames: number[][] = [];
  const end = await run((one) => void frames.push(Array.from(one))).then(
    () => "clean",
    (error: unknown) => {
      expect(error).toBeInstanceOf(FramingError);
      return { ...(error as FramingError), message: (error as FramingError).message };
    },
  );
  return { frames, end };
}

async function* arriving(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const options = { maxFrameBytes: 50 };
type Form = (chunks: Uint8Array[], take: (frame: Uint8Array) => void) => Promise<void>;

const forms: Record<string, Form> = {
  "decodeFrames, frame by frame": async (chunks, take) => {
    for await (const one of decodeFrames(arriving(chunks), options)) take(one);
  },
  "decodeFrames, batches": async (chunks, take) => {
    for await (const batch of decodeFrames(chunks, options).batches()) for (const one of batch) take(one);
  },
  decodeBodies: async (chunks, take) => {
    for await (const { length, body } of decodeBodies(arriving(chunks), { maxBodyBytes: 50 })) {
      const whole = concat(await collect(body));
      expect(whole.length).toBe(length);
      take(whole);
    }
  },
  "FrameDecoderStream, for await": async (chunks, take) => {
    const stream = Readable.from(chunks, { objectMode: false }).pipe(new FrameDecoderStream(options));
    for await (const one of stream) take(one);
  },
  "FrameDecoderStream, data events": async (chunks, take) => {
    const stream = Readable.from(chunks, { objectMode: false }).pipe(new FrameDecoderStream(options));
    await new Promise((resolve, reject) => stream.on("data", take).on("end", resolve).on("error", reject));
  },
  WebFrameDecoderStream: async (chunks, take) => {
    const frames = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    }).pipeThrough(new WebFrameDecoderStream(options));
    for await (const one of frames) take(one);
  },
  "FramedSocket, read": async (chunks, take) => {
    const [near, far] = socketPair();
    await using framed = new FramedSocket(near, { ...options, closeTimeoutMs: 0 });
    for (const chunk of chunks) far.write(chunk);
    far.end();
    for (let one = await framed.read(); one !== undefined; one = await framed.read()) take(one);
  },
  "FramedSocket, for await": async (chunks, take) => {
    const [near, far] = socketPair();
    await using framed = new FramedSocket(near, { ...options, closeTimeoutMs: 0 });
    for (const chunk of chunks) far.write(chunk);
    far.end();
    for await (const one of framed) take(one);
  },
};

const payloads = fc.array(fc.uint8Array({ maxLength: 52, size: "max" }), { maxLength: 6 });
const cuts = fc.array(fc.nat(), { maxLength: 12 });

for (const [name, form] of Object.entries(forms)) {
  it.prop([payloads, cuts, fc.nat(), fc.boolean()])(
    `F19: ${name}: the same frames and the same end as the core`,
    async (some, places, dropped, isWhole) => {
      const whole = concat(some.map((payload) => frame(payload)));
      const bytes = isWhole ? whole : whole.slice(0, whole.length - (dropped % 12));
      const chunks = cutAt(bytes, places);
      const core = await outcome(async (take) => {
        const decoder = new FrameDecoder(options);
        for (const chunk of chunks) for (const one of decoder.push(chunk)) take(one);
        decoder.end();
      });
      expect(await outcome((take) => form(chunks, take))).toEqual(core);
    },
  );
}

const small = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });

it.prop([small])("F19: every encoding form writes the same bytes as the core", async (some) => {
  const expected = plain([concat(some.map((payload) => frame(payload)))]);
  const stream = new FrameEncoderStream({ referenceFromBytes: 30 });
  for (const payload of some) stream.write(payload);
  stream.end();
  expect(plain([concat(await collect(stream))])).toEqual(expected);

  const web = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const payload of some) controller.enqueue(payload);
      controller.close();
    },
  }).pipeThrough(new WebFrameEncoderStream({ referenceFromBytes: 30 }));
  expect(plain([concat(await collect(web))])).toEqual(expected);

  const bodies = await Promise.all(some.map((payload) => collect(encodeBody(payload.length, [payload]))));
  expect(plain([concat(bodies.flat())])).toEqual(expected);

  const [near, far] = socketPair();
  const framed = new FramedSocket(near, { closeTimeoutMs: 0 });
  await framed.writeMany(some);
  await framed.end();
  expect(plain([concat(await collect(far))])).toEqual(expected);
});
