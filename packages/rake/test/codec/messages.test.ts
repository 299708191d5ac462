/** The vectors that test/vectors/messages.py made from the tables of docs/rake.md, without our codec. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { decodeClientMessage, decodeServerMessage, encode, macOf, RemoteProtocolError } from "../../src/core/index.js";
import { TYPE } from "../../src/core/message-types.js";
import { counting, decode, hexVectorOf, messages, platform, vectorFolder, vectorNames, vectorOf } from "./said.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const SIDES = { client: decodeClientMessage, server: decodeServerMessage };

describe("R12, R13: every type is written and read as its vector", () => {
  it.each(messages.map((message) => [message.type, message] as const))("%s", (type, message) => {
    const frame = encode(message);
    expect(hex(frame.subarray(8))).toBe(hexVectorOf(type));
    expect(hex(frame.subarray(0, 8))).toBe((frame.length - 8).toString(16).padStart(16, "0"));
    expect(decode(type, vectorOf(type))).toEqual(message);
  });

  it("has a vector for each of the 24 types, in the order of their numbers", () => {
    expect(vectorNames).toEqual(Object.keys(TYPE));
    expect(messages.map(({ type }) => TYPE[type])).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
  });

  it("the document has the same bytes", () => {
    const document = readFileSync(join(import.meta.dirname, "../../../../docs/rake.md"), "utf8");
    for (const [index, name] of vectorNames.entries()) {
      const row = new RegExp(`^\\| ${index + 1} ${name} \\| \`([0-9a-f ]+)\``, "m").exec(document)?.[1];
      expect(row?.replaceAll(" ", ""), name).toBe(hexVectorOf(name));
    }
  });

  it("R16: the macs of the vectors are those of their nonces and versions, one for each role", () => {
    const mac = (role: "client" | "server") =>
      hex(macOf(role, counting(16), counting(32), counting(32, 224), 2, 2, platform));
    expect(hexVectorOf("AUTH").slice(16)).toBe(mac("client"));
    expect(hexVectorOf("WELCOME").slice(16, 80)).toBe(mac("server"));
    expect(mac("client")).not.toBe(mac("server"));
  });
});

itWith("python3", "R13: the committed vectors are what the script makes of the tables", () => {
  const { status, stderr } = spawnSync("python3", [join(vectorFolder, "messages.py"), "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

describe("R12: what a later version may add is skipped", () => {
  it.each([0, 25, 2 ** 53 - 1])("a message of type %d", (type) => {
    const payload = new Uint8Array(20);
    new DataView(payload.buffer).setBigUint64(0, BigInt(type));
    expect(decodeClientMessage(payload)).toBeUndefined();
    expect(decodeServerMessage(payload)).toBeUndefined();
  });

  it("bytes behind the last field of every type", () => {
    for (const message of messages) {
      const more = Uint8Array.of(...vectorOf(message.type), 1, 2, 3);
      expect(decode(message.type, more), message.type).toEqual(message);
    }
  });

  it("a HELLO of another version is read: the machine answers it", () => {
    const hello = { type: "HELLO", version: 3, features: 5, nonce: counting(32) } as const;
    expect(decodeClientMessage(encode(hello).subarray(8))).toEqual(hello);
  });
});

describe("R12: the memory of what is read", () => {
  it("a body is a view of the payload, a nonce and a mac are not", () => {
    const blob = vectorOf("BLOB");
    const read = decodeClientMessage(blob) as { readonly body: Uint8Array };
    expect(read.body.buffer).toBe(blob.buffer);
    const hello = vectorOf("HELLO");
    const { nonce } = decodeClientMessage(hello) as { readonly nonce: Uint8Array };
    hello.fill(9);
    expect(nonce).toEqual(counting(32));
  });

  it("a payload may stand anywhere in its memory", () => {
    for (const message of messages) {
      const payload = vectorOf(message.type);
      const placed = Uint8Array.of(7, 7, 7, ...payload, 9).subarray(3, 3 + payload.length);
      expect(decode(message.type, placed), message.type).toEqual(message);
    }
  });
});

describe("R15: who says what", () => {
  const both = ["CREDIT", "PING", "PONG", "BYE"];
  const ofClients = ["HELLO", "AUTH", "QUOTE", "BLOB", "EXECUTE", "CANCEL", "RELEASE"];

  it.each(messages.map((message) => [message.type, message] as const))("%s in each direction", (type, message) => {
    for (const side of ["client", "server"] as const) {
      const read = () => SIDES[side](vectorOf(type));
      const isSaid = both.includes(type) || ofClients.includes(type) === (side === "client");
      if (isSaid) expect(read()).toEqual(message);
      else expect(read).toThrow(new RemoteProtocolError("BAD_MESSAGE", `a ${type} from a ${side}`));
    }
  });
});
