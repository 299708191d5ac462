/** The vectors that test/vectors/messages.py made from the tables of docs/broadcast.md, without our codec. */
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../../test/components.js";
import { decode, encode, type Message, macOf, RemoteProtocolError } from "../../src/core/index.js";
import { TYPE } from "../../src/core/message-types.js";

const folder = join(import.meta.dirname, "../vectors");
const vectors = JSON.parse(readFileSync(join(folder, "messages.json"), "utf8")) as Record<string, string> & {
  readonly AUTH: string;
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const counting = (length: number, from = 0): Uint8Array => Uint8Array.from({ length }, (_, index) => from + index);

/** Those of the script. */
const messages: readonly Message[] = [
  {
    type: "hello",
    observer: false,
    stable: true,
    clientId: counting(16),
    token: counting(16, 240),
    room: "main",
    name: "Jürgen",
    epoch: 7,
    last: 41,
    start: "from",
    from: 3,
    window: 1_000,
  },
  {
    type: "welcome",
    status: "gap",
    epoch: 7,
    token: counting(16, 240),
    member: 5,
    head: 2 ** 32 + 9,
    firstRetained: 40,
    resumeFrom: 42,
    lastClientSeq: 12,
    lastNumber: 39,
    ackEvery: 64,
    ackAfterMs: 20,
    heartbeatMs: 5_000,
    maxMessageBytes: 262_144,
    publishWindow: 256,
    members: [
      { member: 1, name: "a" },
      { member: 5, name: "Jürgen" },
    ],
  },
  { type: "publish", firstClientSeq: 13, payloads: [utf8("hello"), utf8("")] },
  { type: "puback", clientSeq: 14, number: 44, code: "too big" },
  {
    type: "batch",
    first: 42,
    entries: [
      { kind: "join", member: 5, clientSeq: 0, bytes: utf8("Jürgen") },
      { kind: "message", member: 5, clientSeq: 13, bytes: utf8("hello") },
      { kind: "marker", member: 5, clientSeq: 14, bytes: Uint8Array.of(1) },
      { kind: "leave", member: 1, clientSeq: 0, bytes: Uint8Array.of(1) },
    ],
  },
  { type: "ack", last: 45, window: 16_384 },
  { type: "gap", from: 10, to: 39, reason: "slow" },
  { type: "snapshot", upTo: 41, chunk: 1, isLast: true, bytes: utf8("state") },
  { type: "ping", nonce: 2 ** 53 - 1 },
  { type: "pong", nonce: 2 ** 53 - 1 },
  { type: "close", code: "UNAVAILABLE", text: "no log" },
  { type: "challenge", nonce: counting(32) },
  { type: "auth", mac: fromHex(vectors.AUTH.slice(2)) },
  { type: "stable", upTo: 40 },
];

const fromOf = (type: Message["type"]): "client" | "server" =>
  ["hello", "publish", "ack", "auth"].includes(type) ? "client" : "server";
const vectorOf = (type: Message["type"]): Uint8Array => fromHex(vectors[type.toUpperCase()] as string);

describe("B1, B2, B3: every type is written and read as its vector", () => {
  it.each(messages.map((message) => [message.type, message] as const))("%s", (type, message) => {
    const frame = encode(message);
    expect(hex(frame.subarray(8))).toBe(hex(vectorOf(type)));
    expect(hex(frame.subarray(0, 8))).toBe((frame.length - 8).toString(16).padStart(16, "0"));
    expect(decode(vectorOf(type), fromOf(type))).toEqual(message);
  });

  it("has a vector for each of the 14 types, in the order of their numbers", () => {
    expect(Object.keys(vectors)).toEqual(Object.keys(TYPE).map((type) => type.toUpperCase()));
    expect(messages.map(({ type }) => TYPE[type])).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  });

  it("the document has the same bytes", () => {
    const document = readFileSync(join(import.meta.dirname, "../../../../docs/broadcast.md"), "utf8");
    for (const [index, [name, payload]] of Object.entries(vectors).entries()) {
      const row = new RegExp(`^\\| ${index + 1} ${name} \\| \`([0-9a-f ]+)\``, "m").exec(document)?.[1];
      expect(row?.replaceAll(" ", ""), name).toBe(payload);
    }
  });

  it("B6: the AUTH of the vectors is that of their HELLO and CHALLENGE", () => {
    const platform = {
      randomBytes: counting,
      hmacSha256: (key: Uint8Array, data: Uint8Array) => createHmac("sha256", key).update(data).digest(),
      equal: () => false,
    };
    const mac = macOf(platform, counting(16), counting(32), vectorOf("hello"));
    expect(`0d${hex(mac)}`).toBe(vectors.AUTH);
  });
});

itWith("python3", "B3: the committed vectors are what the script makes of the tables", () => {
  const { status, stderr } = spawnSync("python3", [join(folder, "messages.py"), "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

describe("B4: what is not exactly a message is refused", () => {
  const changed = (type: Message["type"], at: number, ...values: number[]): readonly [Message["type"], Uint8Array] => {
    const bytes = vectorOf(type);
    bytes.set(values, at < 0 ? bytes.length + at : at);
    return [type, bytes];
  };
  const with_ = (type: Message["type"], message: Partial<Message>): readonly [Message["type"], Uint8Array] => {
    const good = messages.find((one) => one.type === type) as Message;
    return [type, encode({ ...good, ...message } as Message).subarray(8)];
  };
  const entry = (kind: "message" | "join" | "leave" | "marker", member: number, clientSeq: number, bytes: Uint8Array) =>
    with_("batch", { entries: [{ kind, member, clientSeq, bytes }] });

  it.each<readonly [string, readonly [Message["type"], Uint8Array]]>([
    ["nothing at all", ["hello", new Uint8Array(0)]],
    ["type 0", changed("hello", 0, 0)],
    ["type 15", changed("hello", 0, 15)],
    ["version 2", changed("hello", 2, 2)],
    ["B2: a flag of 4", changed("hello", 3, 4)],
    ["B2: an observer with a client id", changed("hello", 3, 1)],
    ["a start of 4", changed("hello", -13, 4)],
    ["a from without start from", changed("hello", -13, 1)],
    ["B20: a window of 0", changed("hello", -4, 0, 0, 0, 0)],
    ["B20: a window of 1,000,001", changed("hello", -4, 0, 0x0f, 0x42, 0x41)],
    ["B5: no room", with_("hello", { room: "" })],
    ["B5: no name of a member", with_("hello", { name: "" })],
    ["B5: a name of 65 bytes", with_("hello", { name: "é".repeat(32).concat("a") })],
    ["B5: a name with U+202E", with_("hello", { name: "a\u202eb" })],
    ["B5: a name with U+0085", with_("hello", { name: "a\u0085b" })],
    ["B5: a room with a line feed", with_("hello", { room: "a\nb" })],
    ["a text that is not UTF-8", changed("hello", 38, 0xff)],
    ["an epoch above 2^53 - 1", changed("hello", -29, 0, 0x20)],
    ["a status of 5", changed("welcome", 1, 5)],
    ["epoch 0", with_("welcome", { epoch: 0 })],
    ["resume from 0", with_("welcome", { resumeFrom: 0 })],
    ["member 0 in the list", with_("welcome", { members: [{ member: 0, name: "a" }] })],
    ["B5: a member with a bell in its name", with_("welcome", { members: [{ member: 1, name: "\u0007" }] })],
    ["a PUBLISH of nothing", ["publish", fromHex("0300000000000000010000")]],
    ["client seq 0", with_("publish", { firstClientSeq: 0 })],
    ["a client seq that goes past 2^53 - 1", with_("publish", { firstClientSeq: 2 ** 53 - 1 })],
    ["a PUBLISH whose length goes past the end", changed("publish", 14, 6)],
    ["a PUBACK with code 2", changed("puback", -1, 2)],
    ["a BATCH of nothing", ["batch", fromHex("05000000000000002a00000000")]],
    ["a BATCH that says more than it has", changed("batch", 12, 5)],
    ["a BATCH that says less than it has", changed("batch", 12, 3)],
    ["a BATCH from number 0", with_("batch", { first: 0 })],
    ["a BATCH past 2^53 - 1", with_("batch", { first: 2 ** 53 - 3 })],
    ["a kind of 4", changed("batch", 13, 4)],
    ["B9: an entry of member 0", entry("message", 0, 1, utf8("a"))],
    ["a message without a client seq", entry("message", 1, 0, utf8("a"))],
    ["B2: a join with a client seq", entry("join", 1, 1, utf8("a"))],
    ["B5: a join without a name", entry("join", 1, 0, utf8(""))],
    ["B5: a join with an escape in its name", entry("join", 1, 0, utf8("\u001b[2J"))],
    ["B2: a leave of two bytes", entry("leave", 1, 0, Uint8Array.of(0, 0))],
    ["B2: a leave of reason 2", entry("leave", 1, 0, Uint8Array.of(2))],
    ["B2: a marker without client seq", entry("marker", 1, 0, Uint8Array.of(1))],
    ["B2: a marker with code 2", entry("marker", 1, 1, Uint8Array.of(2))],
    ["an ACK with window 0", with_("ack", { window: 0 })],
    ["a GAP that ends before it begins", with_("gap", { from: 40, to: 39 })],
    ["a GAP of reason 3", changed("gap", -1, 3)],
    ["a SNAPSHOT with a last flag of 2", changed("snapshot", 13, 2)],
    ["a SNAPSHOT with a wrong length", changed("snapshot", 17, 4)],
    ["a PING above 2^53 - 1", changed("ping", 1, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ["B2: a CLOSE with code 11", changed("close", 2, 11)],
    ["B2: a CLOSE with code 256", changed("close", 1, 1, 0)],
    ["B2: a CLOSE LEAVE from a server", with_("close", { code: "LEAVE" })],
  ])("%s", (_name, [type, bytes]) => {
    const refused = expect.objectContaining({ code: "BAD_MESSAGE" });
    expect(() => decode(bytes, fromOf(type))).toThrow(RemoteProtocolError);
    expect(() => decode(bytes, fromOf(type))).toThrow(refused);
  });

  it("every prefix of every vector, and every vector with a byte behind it", () => {
    for (const { type } of messages) {
      const whole = vectorOf(type);
      for (let end = 0; end < whole.length; end++) {
        expect(() => decode(whole.subarray(0, end), fromOf(type)), `${type} ${end}`).toThrow(RemoteProtocolError);
      }
      expect(() => decode(Uint8Array.of(...whole, 0), fromOf(type)), type).toThrow(RemoteProtocolError);
    }
  });

  it("a message in the wrong direction", () => {
    for (const { type } of messages) {
      const other = fromOf(type) === "client" ? "server" : "client";
      const inBoth = type === "ping" || type === "pong";
      const read = () => decode(vectorOf(type), other);
      if (inBoth) expect(read().type).toBe(type);
      else expect(read, type).toThrow(RemoteProtocolError);
    }
  });

  it("B2: a client says CLOSE LEAVE and no other", () => {
    const leave = encode({ type: "close", code: "LEAVE", text: "" }).subarray(8);
    expect(decode(leave, "client")).toEqual({ type: "close", code: "LEAVE", text: "" });
    expect(() => decode(vectorOf("close"), "client")).toThrow(RemoteProtocolError);
  });
});

describe("B5: the limits of texts", () => {
  it("a name of 64 bytes, and none of an observer", () => {
    const hello = messages[0] as Extract<Message, { type: "hello" }>;
    const longest = { ...hello, name: "é".repeat(32) };
    expect(decode(encode(longest).subarray(8), "client")).toEqual(longest);
    const nobody = new Uint8Array(16);
    const observer = { ...hello, observer: true, clientId: nobody, token: nobody, name: "" };
    expect(decode(encode(observer).subarray(8), "client")).toEqual(observer);
  });

  it("the text of a CLOSE is cut to 256 bytes, between two characters", () => {
    const text = `a${"é".repeat(200)}`;
    const read = decode(encode({ type: "close", code: "IDLE", text }).subarray(8), "server");
    expect(read).toEqual({ type: "close", code: "IDLE", text: `a${"é".repeat(127)}` });
  });
});

describe("what no width can hold is the caller's mistake", () => {
  it.each<readonly [string, Message]>([
    ["a number above 2^53 - 1", { type: "stable", upTo: 2 ** 53 }],
    ["a negative one", { type: "ack", last: -1, window: 1 }],
    ["a window above 32 bits", { type: "ack", last: 1, window: 2 ** 32 }],
    ["a nonce of 31 bytes", { type: "challenge", nonce: counting(31) }],
    ["a BATCH of nothing", { type: "batch", first: 1, entries: [] }],
    ["a PUBLISH of nothing", { type: "publish", firstClientSeq: 1, payloads: [] }],
  ])("%s", (_name, message) => {
    expect(() => encode(message)).toThrow(RangeError);
  });
});
