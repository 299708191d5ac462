/** What is not a message of v2, and the limits of those that are (docs/rake.md R14, R15). */
import { describe, expect, it } from "vitest";
import { encode, MAX_BODY_BYTES, type Message, RemoteProtocolError } from "../../src/core/index.js";
import { type Bad, REFUSED, said } from "./refused-rows.js";
import { counting, decode, EMPTY, INPUT, messageOf, messages, vectorOf } from "./said.js";

describe("R15: what is not exactly a message is refused, with what is wrong", () => {
  it.each(REFUSED)("%s", (_name, [type, bytes], text) => {
    const refused = expect.objectContaining({
      code: "BAD_MESSAGE",
      message: typeof text === "string" ? text : expect.stringMatching(text),
    });
    expect(() => decode(type, bytes)).toThrow(RemoteProtocolError);
    expect(() => decode(type, bytes)).toThrow(refused);
  });

  it("every prefix of every vector", () => {
    for (const { type } of messages) {
      const whole = vectorOf(type);
      for (let end = 0; end < whole.length; end++) {
        expect(() => decode(type, whole.subarray(0, end)), `${type} ${end}`).toThrow(RemoteProtocolError);
      }
    }
  });
});

describe("R14: what is as long as it may be is taken", () => {
  const body = new Uint8Array(MAX_BODY_BYTES);
  const path = "é".repeat(2_048);
  it.each<readonly [string, Bad]>([
    ["a name", said("WELCOME", { name: "é".repeat(32), toolchain: "t".repeat(256), resources: ["r".repeat(64)] })],
    ["nothing where nothing is allowed", said("WELCOME", { toolchain: "", resources: [], slots: 0 })],
    ["kind and command", said("QUOTE", { kind: "k".repeat(65_536), command: "c".repeat(65_536) })],
    ["paths and patterns", said("EXECUTE", { inputs: [{ path, digest: EMPTY, mode: 0o777 }], outputs: [path] })],
    ["empty lists", said("EXECUTE", { inputs: [], outputs: [] })],
    ["the body of a BLOB", said("BLOB", { size: MAX_BODY_BYTES, offset: 0, body })],
    ["the body of an OUTPUT", said("OUTPUT", { path, size: MAX_BODY_BYTES + 1, offset: 1, body })],
    ["a file of no bytes", said("OUTPUT", { size: 0, offset: 0, body: new Uint8Array(0) })],
    ["the body of STDOUT", said("STDOUT", { offset: Number.MAX_SAFE_INTEGER - MAX_BODY_BYTES, body })],
    ["frames of 131,072 bytes", said("WELCOME", { maxFrameBytes: 131_072 })],
  ])("%s", (_name, [type, bytes]) => {
    const read = decode(type, bytes) as Message;
    expect(Buffer.from(encode(read).subarray(8)).equals(bytes)).toBe(true);
  });

  it.each(["REFUSE", "STATUS", "BYE"] as const)(
    "the text of %s is cut to 1,024 bytes, between two characters",
    (type) => {
      const [, bytes] = said(type, { text: `a${"é".repeat(600)}` });
      expect(decode(type, bytes)).toEqual({ ...messageOf(type), text: `a${"é".repeat(511)}` });
    },
  );
});

describe("R12, R14: what the wire cannot say is the caller's mistake", () => {
  const cases: readonly (readonly [string, () => Bad])[] = [
    ["a number above 2^53 - 1", () => said("CREDIT", { bytes: 2 ** 53 })],
    ["a negative one", () => said("CREDIT", { bytes: -1 })],
    ["a part of one", () => said("DONE", { outputs: 0.5 })],
    ["action 0", () => said("STARTED", { actionId: 0 })],
    ["a nonce of 31 bytes", () => said("HELLO", { nonce: counting(31) })],
    ["a digest of 63 digits", () => said("ACK", { digest: INPUT.slice(1) })],
    ["a digest in upper case", () => said("ACK", { digest: INPUT.toUpperCase() })],
    ["a body of 65,537 bytes", () => said("STDERR", { body: new Uint8Array(65_537) })],
    ["a command of 65,537 bytes", () => said("EXECUTE", { command: "c".repeat(65_537) })],
    ["a mode of ten bits", () => said("OUTPUT", { mode: 0o1000 })],
    ["a resource with a blank", () => said("QUOTE", { resources: ["a\tb"] })],
    ["an unknown reason", () => said("REFUSE", { reason: "MOOD" as "BUSY" })],
  ];
  it.each(cases)("%s", (_name, make) => {
    expect(make).toThrow(RangeError);
  });
});
