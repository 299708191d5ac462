import { fc, it } from "@fast-check/vitest";
import { expect, vi } from "vitest";
import {
  BodyDecoder,
  encodeFrame,
  encodeFrames,
  encodeText,
  encodeU64,
  FrameDecoder,
  FramingError,
  RemoteProtocolError,
  readText,
  readU64,
  readU64BigInt,
  TruncatedFrameError,
} from "../src/index.js";
import { concat, cutAt, frame, plain } from "./bytes.js";

// Far more than they need: a machine that others use as well may be ten times slower.
vi.setConfig({ testTimeout: 600_000 });

const headerBytes = fc.constantFrom(8 as const, 4 as const);
const payloads = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.uint8Array({ maxLength: 12 }) }, fc.uint8Array({ maxLength: 400, size: "max" })),
  { maxLength: 12 },
);
const cuts = fc.array(fc.nat(), { maxLength: 30 });

it.prop([payloads, cuts, headerBytes, fc.boolean()])(
  "F5: any frames come back under any chunking",
  (expected, places, width, copy) => {
    const bytes = concat(expected.map((payload) => frame(payload, width)));
    const decoder = new FrameDecoder({ headerBytes: width, copy });
    const frames = cutAt(bytes, places).flatMap((chunk) => decoder.push(chunk));
    decoder.end();
    expect(plain(frames)).toEqual(plain(expected));
    expect(decoder.frameCount).toBe(expected.length);
  },
);

it.prop([payloads, cuts, headerBytes])(
  "F6: push(), visit() and next() give the same frames",
  (expected, places, width) => {
    const chunks = cutAt(concat(expected.map((payload) => frame(payload, width))), places);
    const visiting = new FrameDecoder({ headerBytes: width });
    const visited: Uint8Array[] = [];
    for (const chunk of chunks)
      visiting.visit(chunk, (bytes, start, end) => void visited.push(bytes.slice(start, end)));
    visiting.end();
    expect(plain(visited)).toEqual(plain(expected));
    expect(visiting.frameCount).toBe(expected.length);

    const stepping = new FrameDecoder({ headerBytes: width });
    const stepped: Uint8Array[] = [];
    for (const [index, chunk] of chunks.entries()) {
      stepping.feed(chunk);
      if (index % 3 === 1) continue; // chunks pile up
      for (let one = stepping.next(); one !== undefined; one = stepping.next()) stepped.push(one);
    }
    for (let one = stepping.next(); one !== undefined; one = stepping.next()) stepped.push(one);
    stepping.end();
    expect(plain(stepped)).toEqual(plain(expected));
  },
);

it.prop([payloads, cuts, fc.nat(), fc.uint8Array({ maxLength: 30 })])(
  "F6: next() any number of times, then rest(), loses no byte and gives none twice",
  (frames, places, wanted, tail) => {
    const bytes = concat([...frames.map((payload) => frame(payload)), tail]);
    const decoder = new FrameDecoder();
    const count = wanted % (frames.length + 1);
    const fed: Uint8Array[] = [];
    let got = 0;
    for (const chunk of cutAt(bytes, places)) {
      if (got === count) break;
      decoder.feed(chunk);
      fed.push(chunk);
      while (got < count && decoder.next() !== undefined) got++;
    }
    const read = frames.slice(0, count).reduce((sum, payload) => sum + 8 + payload.length, 0);
    const unread = concat(fed).slice(read);
    expect(plain([decoder.rest(), decoder.rest()])).toEqual(plain([unread, unread]));
    expect(() => decoder.push(new Uint8Array(1))).toThrow("rest()");
  },
);

// Every position of every run: small frames keep it quick, and positions are what matters.
const few = fc.array(fc.uint8Array({ maxLength: 14, size: "max" }), { maxLength: 5 });

it.prop([few, headerBytes, cuts])("F4: a truncation at every byte position", (frames, width, places) => {
  const whole = frames.map((payload) => frame(payload, width));
  const bytes = concat(whole);
  const boundaries = [0];
  for (const one of whole) boundaries.push((boundaries.at(-1) as number) + one.length);
  for (let kept = 0; kept <= bytes.length; kept++) {
    const decoder = new FrameDecoder({ headerBytes: width });
    const bodies = new BodyDecoder({ headerBytes: width });
    let count = 0;
    for (const chunk of cutAt(bytes.slice(0, kept), places)) {
      count += decoder.push(chunk).length;
      bodies.push(chunk);
    }
    const index = boundaries.findLastIndex((boundary) => boundary <= kept);
    expect(count).toBe(index);
    const have = kept - (boundaries[index] as number);
    if (have === 0) {
      decoder.end();
      bodies.end();
      continue;
    }
    const inHeader = have < width;
    const want = inHeader ? width : (frames[index] as Uint8Array).length;
    const expected = { frameIndex: index, have: inHeader ? have : have - width, want, inHeader };
    for (const end of [() => decoder.end(), () => bodies.end()]) {
      expect(end).toThrow(TruncatedFrameError);
      expect(end).toThrow(expect.objectContaining(expected)); // and again
    }
  }
});

it.prop([payloads, fc.integer({ min: 1, max: 300 }), headerBytes])(
  "F17: the batching encoder writes the same bytes as frame by frame, and changes none after they are taken",
  (some, referenceFromBytes, width) => {
    const options = { headerBytes: width, slabBytes: 1024, referenceFromBytes };
    const expected = plain([concat(some.map((payload) => frame(payload, width)))]);
    expect(plain([concat(some.map((payload) => encodeFrame(payload, { headerBytes: width })))])).toEqual(expected);
    const chunks = encodeFrames([...some, ...some], options);
    expect(plain([concat(chunks)])).toEqual(
      plain([concat([...some, ...some].map((payload) => frame(payload, width)))]),
    );
    for (const payload of some) {
      const isPassed = chunks.includes(payload);
      expect(isPassed).toBe(payload.length >= referenceFromBytes);
    }
  },
);

const mostlyZero = fc.array(fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 255 })), {
  maxLength: 200,
});

it.prop([mostlyZero, cuts, headerBytes, fc.constantFrom(0, 3, 1000, Number.MAX_SAFE_INTEGER)])(
  "F10: garbage is frames or a RemoteProtocolError, in every form of the core",
  (bytes, places, width, limit) => {
    const chunks = cutAt(Uint8Array.from(bytes), places);
    const options = { headerBytes: width, maxFrameBytes: limit };
    const pushing = new FrameDecoder(options);
    const visiting = new FrameDecoder(options);
    const stepping = new FrameDecoder(options);
    const bodies = new BodyDecoder({ headerBytes: width, maxBodyBytes: limit });
    const outcomes = [
      (chunk: Uint8Array) => void pushing.push(chunk),
      (chunk: Uint8Array) => visiting.visit(chunk, () => {}),
      (chunk: Uint8Array) => {
        stepping.feed(chunk);
        while (stepping.next() !== undefined);
      },
      (chunk: Uint8Array) => void bodies.push(chunk),
    ].map((take, form) => {
      try {
        for (const chunk of chunks) take(chunk);
        [pushing, visiting, stepping, bodies][form]?.end();
        return "clean";
      } catch (error) {
        expect(error).toBeInstanceOf(RemoteProtocolError);
        return (error as FramingError).code;
      }
    });
    expect(new Set(outcomes).size).toBe(1);
  },
);

it.prop([mostlyZero, cuts, headerBytes])(
  "F3: no more is held than three times what came and 64 KiB",
  (bytes, places, width) => {
    let worst = 0;
    let received = 0;
    class Recording extends FrameDecoder {
      protected override capacity(have: number, want: number, room: number): number {
        const taken = super.capacity(have, want, room);
        worst = Math.max(worst, room + taken - 3 * received - 65_536);
        return taken;
      }
    }
    const decoder = new Recording({ headerBytes: width, maxFrameBytes: Number.MAX_SAFE_INTEGER });
    try {
      for (const chunk of cutAt(Uint8Array.from(bytes), places)) {
        received += chunk.length;
        decoder.push(chunk);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(FramingError);
    }
    expect(worst).toBeLessThanOrEqual(0);
  },
);

it.prop([payloads, cuts, headerBytes])("F14: body events carry exactly the payloads", (expected, places, width) => {
  const decoder = new BodyDecoder({ headerBytes: width });
  const events = cutAt(concat(expected.map((payload) => frame(payload, width))), places).flatMap((chunk) =>
    decoder.push(chunk),
  );
  decoder.end();
  const bodies: Uint8Array[][] = [];
  let announced = -1;
  for (const event of events) {
    if (event.type === "start") {
      expect(announced).toBe(-1);
      announced = event.length;
      bodies.push([]);
    } else if (event.type === "data") {
      expect(event.bytes.length).toBeGreaterThan(0);
      bodies.at(-1)?.push(event.bytes);
    } else {
      expect(bodies.at(-1)?.reduce((sum, part) => sum + part.length, 0)).toBe(announced);
      announced = -1;
    }
  }
  expect(announced).toBe(-1);
  expect(plain(bodies.map(concat))).toEqual(plain(expected));
});

it.prop([fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat({ max: 20 })])(
  "F15: u64 comes back, at any offset",
  (value, offset) => {
    const bytes = concat([new Uint8Array(offset), encodeU64(value)]);
    expect(readU64BigInt(bytes, offset)).toBe(value);
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) {
      expect(readU64(bytes, offset)).toBe(Number(value));
      expect(plain([encodeU64(Number(value))])).toEqual(plain([bytes.slice(offset)]));
    } else {
      expect(() => readU64(bytes, offset)).toThrow(expect.objectContaining({ code: "UNSAFE_INTEGER" }));
    }
  },
);

it.prop([fc.array(fc.string({ unit: "binary" })), headerBytes])(
  "F16: any text comes back, one after another",
  (texts, width) => {
    const bytes = concat(texts.map((text) => encodeText(text, { headerBytes: width })));
    let at = 0;
    for (const expected of texts) {
      const { text, end } = readText(bytes, at, { headerBytes: width });
      expect(text).toBe(expected);
      at = end;
    }
    expect(at).toBe(bytes.length);
  },
);

it.prop([fc.uint8Array({ maxLength: 40 }), headerBytes])(
  "F16: garbage is text or a RemoteProtocolError",
  (bytes, width) => {
    try {
      const { end } = readText(bytes, 0, { headerBytes: width });
      expect(end).toBeLessThanOrEqual(bytes.length);
    } catch (error) {
      expect(error).toBeInstanceOf(RemoteProtocolError);
    }
  },
);
