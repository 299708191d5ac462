import { constants } from "node:buffer";
import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import {
  BodyDecoder,
  decodeBodies,
  decodeFrames,
  encodeBody,
  encodeFrame,
  encodeHeader,
  encodeText,
  encodeU64,
  FrameDecoder,
  FrameDecoderStream,
  FramedSocket,
  FrameEncoder,
  FrameEncoderStream,
  FrameTooLargeError,
  LocalFrameTooLargeError,
  LocalProtocolError,
  RemoteProtocolError,
  readText,
  readU64,
  WebFrameDecoderStream,
  WebFrameEncoderStream,
} from "../src/index.js";
import { hex } from "./bytes.js";

type Options = Record<string, unknown>;
const none: Uint8Array[] = [];
const forms: Record<string, (options: never) => unknown> = {
  FrameDecoder: (options) => new FrameDecoder(options),
  FrameEncoder: (options) => new FrameEncoder(options),
  encodeFrame: (options) => encodeFrame(new Uint8Array(0), options),
  encodeHeader: (options) => encodeHeader(0, options),
  decodeFrames: (options) => decodeFrames(none, options),
  FrameDecoderStream: (options) => new FrameDecoderStream(options),
  FrameEncoderStream: (options) => new FrameEncoderStream(options),
  FramedSocket: (options) => new FramedSocket(new PassThrough(), options),
  WebFrameDecoderStream: (options) => new WebFrameDecoderStream(options),
  WebFrameEncoderStream: (options) => new WebFrameEncoderStream(options),
  BodyDecoder: (options) => new BodyDecoder(options),
  decodeBodies: (options) => decodeBodies(none, options),
  encodeBody: (options) => encodeBody(0, none, options),
  encodeText: (options) => encodeText("", options),
};
const framed = Object.keys(forms).slice(0, 10);
const node = ["FrameDecoderStream", "FrameEncoderStream", "FramedSocket"];
const bodied = ["BodyDecoder", "decodeBodies", "encodeBody"];
const encoders = ["FrameEncoder", "FrameEncoderStream", "FramedSocket", "WebFrameEncoderStream"];

const wrong: Array<[names: string[], options: Options, error: typeof Error, says: string]> = [
  [Object.keys(forms), { headerBytes: 2 }, RangeError, "headerBytes is 2, but must be 8 or 4"],
  [Object.keys(forms), { headerBytes: "8" }, TypeError, "headerBytes must be 8 or 4, not string"],
  [framed, { maxFrameBytes: -1 }, RangeError, "maxFrameBytes is -1, but must be a whole number from 0 to "],
  [framed, { maxFrameBytes: 1.5 }, RangeError, "maxFrameBytes is 1.5"],
  [framed, { maxFrameBytes: Number.NaN }, RangeError, "maxFrameBytes is NaN"],
  [framed, { maxFrameBytes: Number.POSITIVE_INFINITY }, RangeError, "maxFrameBytes is Infinity"],
  [framed, { maxFrameBytes: 2 ** 53 }, RangeError, "maxFrameBytes is 9007199254740992"],
  [framed, { maxFrameBytes: "1" }, TypeError, "maxFrameBytes must be a whole number from 0 to "],
  [framed, { maxFrameBytes: null }, TypeError, "not null"],
  [
    bodied,
    { maxBodyBytes: 2 ** 53 },
    RangeError,
    "maxBodyBytes is 9007199254740992, but must be a whole number from 0",
  ],
  [bodied, { maxBodyBytes: 1n }, TypeError, "maxBodyBytes must be a whole number"],
  [["encodeText"], { maxTextBytes: -1 }, RangeError, "maxTextBytes is -1"],
  [["FrameDecoder", "FramedSocket", "decodeFrames"], { copy: 1 }, TypeError, "copy must be true or false, not number"],
  [encoders, { slabBytes: 10 }, RangeError, "slabBytes is 10, but must be a whole number from 1024 to 1073741824"],
  [
    encoders,
    { referenceFromBytes: 0 },
    RangeError,
    "referenceFromBytes is 0, but must be a whole number from 1 to 65528",
  ],
  [node.slice(0, 2), { maxBufferedFrames: 0 }, RangeError, "maxBufferedFrames is 0"],
  [
    ["FramedSocket"],
    { closeTimeoutMs: 2 ** 31 },
    RangeError,
    "closeTimeoutMs is 2147483648, but must be a whole number",
  ],
  [["decodeFrames", "decodeBodies", "encodeBody"], { signal: {} }, TypeError, "signal must be an AbortSignal"],
];

for (const [names, options, error, says] of wrong) {
  for (const name of names) {
    it(`F11: ${name} refuses ${Object.entries(options).map(([key, value]) => `${key}: ${typeof value === "bigint" ? `${value}n` : JSON.stringify(value)}`)}: ${says}`, () => {
      const make = (): unknown => forms[name]?.(options as never);
      expect(make).toThrow(error);
      expect(make).toThrow(says);
    });
  }
}

it("F2: the limit goes up to 2^53-1 in the core, and to what an array may have in the Node forms", () => {
  for (const name of framed) {
    const make = (maxFrameBytes: number): unknown => forms[name]?.({ maxFrameBytes } as never);
    if (!node.includes(name)) expect(() => make(Number.MAX_SAFE_INTEGER), name).not.toThrow();
    else {
      expect(() => make(constants.MAX_LENGTH), name).not.toThrow();
      if (constants.MAX_LENGTH < Number.MAX_SAFE_INTEGER) {
        expect(() => make(constants.MAX_LENGTH + 1), name).toThrow(`to ${constants.MAX_LENGTH}`);
      }
    }
  }
});

it("F2: a 4-byte header never announces more than 2^32-1, whatever the limit", () => {
  const options = { headerBytes: 4, maxFrameBytes: Number.MAX_SAFE_INTEGER } as const;
  expect(encodeHeader(2 ** 32 - 1, options)).toEqual(hex("ffffffff"));
  expect(() => encodeHeader(2 ** 32, options)).toThrow(LocalFrameTooLargeError);
  expect(new FrameEncoder(options).maxFrameBytes).toBe(2 ** 32 - 1);
});

it("F11: arguments that are not bytes, or not a length, are TypeError or RangeError", () => {
  const notBytes = [
    undefined,
    null,
    "hi",
    [1],
    new Uint16Array(1),
    new ArrayBuffer(1),
    new DataView(new ArrayBuffer(1)),
  ];
  for (const value of notBytes as never[]) {
    for (const call of [
      () => new FrameDecoder().push(value),
      () => new FrameDecoder().feed(value),
      () => new FrameDecoder().visit(value, () => {}),
      () => new BodyDecoder().push(value),
      () => encodeFrame(value),
      () => new FrameEncoder().add(value),
      () => readU64(value),
      () => readText(value),
    ]) {
      expect(call).toThrow(TypeError);
      expect(call).toThrow("must be a Uint8Array");
    }
  }
  for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -1n]) {
    expect(() => encodeHeader(length)).toThrow(RangeError);
  }
  expect(() => encodeHeader("1" as never)).toThrow(TypeError);
  for (const value of [-1, 0.5, 2 ** 53, -1n, 2n ** 64n]) expect(() => encodeU64(value)).toThrow(RangeError);
  expect(() => encodeU64("1" as never)).toThrow(TypeError);
  expect(() => readU64(new Uint8Array(8), 9)).toThrow(RangeError);
  expect(() => encodeText("\ud800")).toThrow(TypeError);
  expect(() => encodeText(1 as never)).toThrow(TypeError);
  expect(() => decodeFrames(undefined as never)).toThrow(TypeError);
});

it("F11: a Uint8Array of another realm is one", async () => {
  const { runInNewContext } = await import("node:vm");
  const foreign = runInNewContext("new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1, 7])") as Uint8Array;
  expect(foreign instanceof Uint8Array).toBe(false);
  expect(new FrameDecoder().push(foreign)).toEqual([new Uint8Array([7])]);
});

it("F9: a limit that is passed on the encoding side is the caller's mistake, and still a FrameTooLargeError", () => {
  const remote = new FrameTooLargeError(1n, 0);
  const local = new LocalFrameTooLargeError(1n, 0);
  expect([remote instanceof FrameTooLargeError, local instanceof FrameTooLargeError]).toEqual([true, true]);
  expect([remote instanceof RemoteProtocolError, local instanceof RemoteProtocolError]).toEqual([true, false]);
  expect([remote instanceof LocalProtocolError, local instanceof LocalProtocolError]).toEqual([false, true]);
  expect([remote.code, local.code]).toEqual(["FRAME_TOO_LARGE", "PAYLOAD_TOO_LARGE"]);
  class Special extends FrameTooLargeError {}
  expect([remote instanceof Special, local instanceof Special]).toEqual([false, false]);
  expect((undefined as unknown) instanceof FrameTooLargeError).toBe(false);
});

it("F10: memory that the platform refuses is a FrameTooLargeError too", () => {
  const decoder = new FrameDecoder({ maxFrameBytes: Number.MAX_SAFE_INTEGER });
  decoder.push(hex("00 1f ff ff ff ff ff ff"));
  const chunk = new Uint8Array(1);
  vi.stubGlobal(
    "Uint8Array",
    class extends Uint8Array {
      constructor(length: number) {
        if (length > 1000) throw new RangeError("Array buffer allocation failed");
        super(length);
      }
      static override [Symbol.hasInstance](): boolean {
        return true;
      }
    },
  );
  try {
    expect(decoder.push(chunk)).toEqual([]);
  } finally {
    vi.unstubAllGlobals();
  }
  expect(decoder.error).toBeInstanceOf(FrameTooLargeError);
  expect(decoder.error?.cause).toBeInstanceOf(RangeError);
});
