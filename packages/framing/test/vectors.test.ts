import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  encodeFrame,
  encodeFrames,
  encodeHeader,
  encodeText,
  encodeU64,
  FrameDecoder,
  readText,
  readU64,
  readU64BigInt,
} from "../src/index.js";
import { concat, hex, plain, text } from "./bytes.js";

const page = readFileSync(new URL("../../../docs/framing.md", import.meta.url), "utf8");
const spaced = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString("hex")
    .replace(/..(?=.)/g, "$& ");

const frames: Array<[what: string, payload: Uint8Array, headerBytes: 8 | 4, bytes: string]> = [
  ["hi", text("hi"), 8, "00 00 00 00 00 00 00 02 68 69"],
  ["empty", text(""), 8, "00 00 00 00 00 00 00 00"],
  ["hi after 4 bytes", text("hi"), 4, "00 00 00 02 68 69"],
  ["empty after 4 bytes", text(""), 4, "00 00 00 00"],
];

for (const [what, payload, headerBytes, bytes] of frames) {
  it(`F1: the frame '${what}' is ${bytes}, as the document says`, () => {
    expect(spaced(encodeFrame(payload, { headerBytes }))).toBe(bytes);
    expect(spaced(concat(encodeFrames([payload], { headerBytes })))).toBe(bytes);
    expect(plain(new FrameDecoder({ headerBytes }).push(hex(bytes)))).toEqual(plain([payload]));
    expect(page).toContain(`\`${bytes}\``);
  });
}

const headers: Array<[length: number, bytes: string]> = [
  [258, "00 00 00 00 00 00 01 02"],
  [2 ** 32, "00 00 00 01 00 00 00 00"],
  [2 ** 53 - 1, "00 1f ff ff ff ff ff ff"],
];
for (const [length, bytes] of headers) {
  it(`F1: the header of ${length} bytes is ${bytes}, as the document says`, () => {
    expect(spaced(encodeHeader(length, { maxFrameBytes: Number.MAX_SAFE_INTEGER }))).toBe(bytes);
    expect(page).toContain(`\`${bytes}\``);
  });
}

it("F15: integers are the hex of the document", () => {
  for (const [value, bytes] of [
    [1, "00 00 00 00 00 00 00 01"],
    [2n ** 64n - 1n, "ff ff ff ff ff ff ff ff"],
  ] as const) {
    expect(spaced(encodeU64(value))).toBe(bytes);
    expect(readU64BigInt(hex(bytes))).toBe(BigInt(value));
    expect(page).toContain(`\`${bytes}\``);
  }
  expect(readU64(hex("00 1f ff ff ff ff ff ff"))).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => readU64(hex("00 20 00 00 00 00 00 00"))).toThrow(expect.objectContaining({ code: "UNSAFE_INTEGER" }));
  expect(() => readU64(hex("00 00"))).toThrow(expect.objectContaining({ code: "TRUNCATED_VALUE" }));
});

it("F16: text is the hex of the document", () => {
  const bytes = "00 00 00 00 00 00 00 03 e2 82 ac";
  expect(spaced(encodeText("€"))).toBe(bytes);
  expect(readText(hex(bytes))).toEqual({ text: "€", end: 11 });
  expect(page).toContain(`\`${bytes}\``);
  expect(readText(encodeText("\ufeffkept")).text).toBe("\ufeffkept");
});

it("F16: text that breaks its limits or is not UTF-8 is the peer's mistake", () => {
  const cases: Array<[bytes: string, code: string]> = [
    ["00 00 00", "TRUNCATED_VALUE"],
    ["00 00 00 00 00 00 00 02 61", "TRUNCATED_VALUE"],
    ["00 00 00 00 00 00 00 05 61", "TEXT_TOO_LARGE"],
    ["ff ff ff ff ff ff ff ff", "TEXT_TOO_LARGE"],
    ["00 00 00 00 00 00 00 01 ff", "INVALID_TEXT"],
    ["00 00 00 00 00 00 00 02 c0 80", "INVALID_TEXT"],
  ];
  for (const [bytes, code] of cases) {
    expect(() => readText(hex(bytes), 0, { maxTextBytes: 4 }), bytes).toThrow(expect.objectContaining({ code }));
  }
  expect(() => encodeText("hello", { maxTextBytes: 4 })).toThrow(
    expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }),
  );
});
