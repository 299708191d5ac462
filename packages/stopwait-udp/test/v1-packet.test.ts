import { describe, expect, it } from "vitest";
import { LocalProtocolError, RemoteProtocolError } from "../src/core/errors.js";
import { decodeV1Packet, encodeV1Packet, type V1Packet } from "../src/core/v1-packet.js";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const block = ascii("A".repeat(100));

const packets: readonly [string, V1Packet, Uint8Array][] = [
  ["S1: a GET request", { type: "get", name: "declaration.txt" }, ascii("G000000declaration.txt")],
  ["S1: a PUT request", { type: "put", name: "año/ñ" }, ascii("P000000año/ñ")],
  ["S1: block 1", { type: "data", number: 1, bytes: block }, ascii(`D100001${"A".repeat(100)}`)],
  ["S1: block 2", { type: "data", number: 2, bytes: ascii("B") }, ascii("D000002B")],
  ["S1: block 99,999", { type: "data", number: 99_999, bytes: block }, ascii(`D199999${"A".repeat(100)}`)],
  ["S1: an empty block 1", { type: "data", number: 1, bytes: ascii("") }, ascii("D100001")],
  ["S1: the ack of a PUT request", { type: "ack", of: "block", number: 0 }, ascii("A000000ack")],
  ["S1: the ack of block 81", { type: "ack", of: "block", number: 81 }, ascii("A100081ack")],
  ["S1: the ack of F", { type: "ack", of: "finish", number: 3 }, ascii("AF00003ack")],
  ["S1: F of a GET", { type: "finish", number: 0 }, ascii("FF00000I'm Done")],
  ["S1: F of a PUT", { type: "finish", number: 3 }, ascii("FF00003I'm Done")],
  [
    "S1: E",
    { type: "error", number: 0, text: "incorrect file my dear child" },
    ascii("E000000incorrect file my dear child"),
  ],
];

describe("packets", () => {
  it.each(packets)("%s", (_, packet, bytes) => {
    expect(encodeV1Packet(packet)).toEqual(bytes);
    expect(decodeV1Packet(bytes)).toEqual(packet);
  });

  it.each([
    ["nothing", "", "TRUNCATED"],
    ["one byte", "G", "TRUNCATED"],
    ["six bytes", "A10000", "TRUNCATED"],
    ["another letter", "X000000", "UNKNOWN_TYPE"],
    ["a lower-case letter", "g000000file", "UNKNOWN_TYPE"],
    ["a G with a number", "G000001foo.txt\n", "WRONG_NUMBER"],
    ["an A with a body of its own", "A000001datablock1\n", "WRONG_BIT"],
    ["an F with a bit", "F116160done\n", "WRONG_BIT"],
    ["an F that says something else", "FF00000done", "WRONG_BODY"],
    ["a number with a sign", "D1+0001x", "WRONG_NUMBER"],
    ["a number with a space", "D1 0001x", "WRONG_NUMBER"],
    ["a block with the other bit", "D000001x", "WRONG_BIT"],
    ["block 0", "D000000x", "WRONG_BODY"],
    ["an empty block 2", "D000002", "WRONG_BODY"],
    ["a block of 101 bytes", `D100001${"x".repeat(101)}`, "WRONG_BODY"],
    ["an ack with the other bit", "A100000ack", "WRONG_BIT"],
    ["an ack that says more", "A000000acks", "WRONG_BODY"],
    ["an E with a bit", "E100000oh", "WRONG_BIT"],
  ])("S2: %s is no packet", (_, bytes, code) => {
    expect(() => decodeV1Packet(ascii(bytes))).toThrow(RemoteProtocolError);
    expect(() => decodeV1Packet(ascii(bytes))).toThrow(expect.objectContaining({ code }));
  });

  it("S3: a name that is no UTF-8 is a request without a name", () => {
    expect(decodeV1Packet(Uint8Array.of(...ascii("G000000"), 0xff))).toEqual({ type: "get", name: undefined });
  });

  it.each<V1Packet>([
    { type: "data", number: 100_000, bytes: block },
    { type: "data", number: 1, bytes: new Uint8Array(101) },
    { type: "data", number: 2, bytes: new Uint8Array() },
    { type: "ack", of: "block", number: -1 },
    { type: "get", name: undefined },
  ])("S1: what has no packet is the caller's mistake: %o", (packet) => {
    expect(() => encodeV1Packet(packet)).toThrow(LocalProtocolError);
  });
});
