/** The vectors that test/vectors/messages.py made from the tables of docs/election.md, without our codec. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../test/components.js";
import { Envelope } from "../src/core/envelope.js";
import {
  type Body,
  type BodyType,
  decodeMessage,
  encodeMessage,
  framed,
  MAX_PAYLOAD_BYTES,
  PayloadStream,
  RemoteProtocolError,
  type SharedSettings,
  settingsOf,
} from "../src/core/index.js";
import { BODY_TYPES } from "../src/core/messages.js";
import { settingsText, WITHOUT_SETTINGS } from "../src/core/settings.js";
import { plainPlatform } from "./plain-platform.js";

const folder = join(import.meta.dirname, "vectors");
const vectors = JSON.parse(readFileSync(join(folder, "messages.json"), "utf8")) as Record<
  BodyType,
  { payload: string; tag: string }
>;

/** Those of the script. */
const members = ["d=h:4", "a=h:1", "b=h:2"].map((one) => {
  const [id = "", address = ""] = one.split("=");
  return { id, address };
});
const shared: SharedSettings = { mode: "quorum", leaseMs: 6_000, promiseFactor: 1.1, members };
const settings = settingsOf(shared);
const headerOf = (type: BodyType) => ({
  epoch: 7,
  incarnation: "0011223344556677",
  settings: ["watch", "view", "retire"].includes(type) ? 0 : settings,
  cluster: "c",
  sender: "a",
});
const other = "8899aabbccddeeff";
const stamp = { mono: 1_000.5, wall: 1_700_000_000_000 };
const named = { leaderId: "b", leaderAddress: "h:2", leaderEpoch: 9 };
const load = {
  cpuPercent: 12.5,
  usedRamBytes: 4 * 2 ** 30,
  totalRamBytes: 8 * 2 ** 30,
  freeBandwidthBytes: 1_000_000,
  freeDiskBytes: 2 ** 40,
  measuredAtMs: 1_700_000_000_000,
};
const fallbacks = [
  { id: "b", address: "h:2" },
  { id: "d", address: "h:4" },
];
const bodies: readonly Body[] = [
  { type: "hello", address: "h:1" },
  { type: "redirect", for: other, ...named, givenId: "a.7.1", refusal: "idTaken" },
  { type: "report", address: "h:1", hostName: "höst", ui: "u", echo: { epoch: 7, stamp }, load },
  { type: "ack", for: other, address: "h:1", stamp, leaseMs: 6_000, fallbacks },
  { type: "preVote", address: "h:1", stamp },
  { type: "preVoteReply", for: other, stamp, granted: true, knows: false },
  { type: "voteReq", address: "h:1", proposed: 8, stamp, release: { holder: "b", epoch: 7 } },
  { type: "vote", for: other, proposed: 8, stamp, granted: true },
  { type: "announce", address: "h:1" },
  { type: "prepare", for: other, stamp },
  { type: "ready", for: other, stamp },
  { type: "offer", for: other },
  { type: "probe", address: "h:1" },
  { type: "stale", ...named },
  { type: "watch", first: 70_000 },
  {
    type: "view",
    for: other,
    mode: "quorum",
    role: "leader",
    address: "h:1",
    ...named,
    leaseMs: 6_000,
    leaseRemainingMs: 5_500,
    fallbacks: fallbacks.slice(0, 1),
    snapshot: 3,
    total: 300,
    first: 1,
    rows: [
      {
        rank: 2,
        id: "b",
        hostName: "höst",
        address: "h:2",
        ui: "u",
        load,
        score: 72.5,
        status: "connected",
        medal: "silver",
        isLeader: false,
      },
      {
        rank: undefined,
        id: "d",
        hostName: "d",
        address: "h:4",
        ui: undefined,
        load,
        score: -1,
        status: "disconnected",
        medal: undefined,
        isLeader: true,
      },
    ],
  },
  { type: "retire", for: other, epoch: 7, to: "b" },
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

describe("E2, E3, E4: every type is written and read as its vector", () => {
  it.each(bodies.map((body) => [body.type, body] as const))("%s", (type, body) => {
    const header = headerOf(type);
    expect(hex(encodeMessage({ header, body }))).toBe(vectors[type].payload);
    expect(decodeMessage(fromHex(vectors[type].payload))).toEqual({ header, body });
  });

  it("the settings are the hash of the text that the document spells", () => {
    expect(settingsText(shared)).toBe("mode=quorum;leaseUs=6000000;promisePpm=1100000;members=a=h:1,b=h:2,d=h:4");
    expect(settings.toString(16).padStart(8, "0")).toBe(vectors.hello.payload.slice(36, 44));
    const document = readFileSync(join(import.meta.dirname, "../../../docs/election.md"), "utf8");
    expect(document).toContain(settingsText(shared));
    expect(document).toContain(`\`${settings.toString(16).padStart(8, "0")}\``);
  });

  it("has a vector for each of the 17 types", () => {
    expect(Object.keys(vectors)).toEqual(BODY_TYPES);
  });

  it("the document has the same bytes", () => {
    const document = readFileSync(join(import.meta.dirname, "../../../docs/election.md"), "utf8");
    for (const [index, type] of BODY_TYPES.entries()) {
      const row = new RegExp(`^\\| ${index + 1} ${type} \\| \`([0-9a-f ]+)\``, "im").exec(document)?.[1];
      expect(row?.replaceAll(" ", ""), type).toBe(vectors[type].payload.slice(64));
    }
  });
});

itWith("python3", "E4: the committed vectors are what the script makes of the tables", () => {
  const { status, stderr } = spawnSync("python3", [join(folder, "messages.py"), "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

describe("E5: what is not exactly a message is refused", () => {
  const good = (type: BodyType): Uint8Array => fromHex(vectors[type].payload);
  const changed = (type: BodyType, at: number, ...values: number[]): Uint8Array => {
    const bytes = good(type);
    bytes.set(values, at < 0 ? bytes.length + at : at);
    return bytes;
  };
  it.each([
    ["nothing at all", new Uint8Array(0)],
    ["version 2", changed("hello", 0, 2)],
    ["type 0", changed("hello", 1, 0)],
    ["type 18", changed("hello", 1, 18)],
    ["a mode of 2", changed("view", 32 + 8, 2)],
    ["a role of 8", changed("view", 32 + 9, 8)],
    ["a score that is no number", changed("view", -10, 0x7f, 0xf8)],
    ["an epoch above 2^48", changed("hello", 2, 1)],
    ["a length that goes past the end", changed("hello", 25, 200)],
    ["a refusal of 3", changed("redirect", -1, 3)],
    ["a flag of 2", changed("vote", -1, 2)],
    ["four fallbacks", changed("ack", 32 + 8 + 7 + 16 + 4, 4)],
    ["a text that is not UTF-8", changed("hello", -1, 0xff)],
    ["a byte left over", Uint8Array.of(...good("offer"), 0)],
    ["more RAM used than there is", changed("report", -40, 0xff)],
    ["a CPU of more than 100 %", changed("report", -42, 0xff)],
    ["more than 4,096 bytes", new Uint8Array(MAX_PAYLOAD_BYTES + 1)],
  ])("%s", (_name, bytes) => {
    expect(() => decodeMessage(bytes)).toThrow(RemoteProtocolError);
  });

  it("every prefix of every vector", () => {
    for (const type of BODY_TYPES) {
      const whole = good(type);
      for (let end = 0; end < whole.length; end++) {
        expect(() => decodeMessage(whole.subarray(0, end)), `${type} ${end}`).toThrow(RemoteProtocolError);
      }
    }
  });

  it("no sender but in a Hello and what a tool says and is told", () => {
    const nameless = { ...headerOf("announce"), sender: "" };
    expect(() => decodeMessage(encodeMessage({ header: nameless, body: bodies[8] as Body }))).toThrow(
      RemoteProtocolError,
    );
    for (const body of bodies.filter(({ type }) => ["hello", "watch", "view", "retire"].includes(type))) {
      const message = { header: { ...headerOf(body.type), sender: "" }, body };
      expect(decodeMessage(encodeMessage(message))).toEqual(message);
    }
  });

  it("another cluster", () => {
    const ours = new Envelope({ cluster: "c", secret: undefined, platform: plainPlatform() });
    const theirs = new Envelope({ cluster: "d", secret: undefined, platform: plainPlatform() });
    expect(() => theirs.open(ours.seal(headerOf("hello"), bodies[0] as Body))).toThrow(
      expect.objectContaining({ code: "WRONG_CLUSTER" }),
    );
  });

  it("another mode, lease, promise factor, member or address of a member, but not in what a tool says and is told", () => {
    const sealing = { cluster: "c", secret: undefined, platform: plainPlatform() };
    const ours = new Envelope(sealing, settings);
    const others: SharedSettings[] = [
      { ...shared, mode: "available" },
      { ...shared, leaseMs: 6_000.5 },
      { ...shared, promiseFactor: 1.2 },
      { ...shared, members: members.slice(1) },
      { ...shared, members: [...members.slice(1), { id: "d", address: "h:5" }] },
    ];
    for (const other of others) {
      const theirs = new Envelope(sealing, settingsOf(other));
      for (const body of bodies) {
        const open = () => ours.open(theirs.seal(headerOf(body.type), body));
        if (WITHOUT_SETTINGS.has(body.type)) expect(open().body).toEqual(body);
        else expect(open).toThrow(expect.objectContaining({ code: "WRONG_SETTINGS" }));
      }
    }
  });
});

describe("E6: the tag", () => {
  const platform = plainPlatform();
  const secret = Uint8Array.from({ length: 16 }, (_, index) => index);
  const envelope = new Envelope({ cluster: "c", secret, platform }, settings);

  it.each(bodies.map((body) => [body.type, body] as const))("of a %s is that of the script", (type, body) => {
    const header = headerOf(type);
    const sealed = envelope.seal(header, body);
    expect(hex(sealed)).toBe(vectors[type].payload + vectors[type].tag);
    expect(envelope.open(sealed)).toEqual({ header, body });
  });

  it("a message without one, with a changed bit anywhere, or with another secret is refused", () => {
    const sealed = envelope.seal(headerOf("hello"), bodies[0] as Body);
    const wrongTag = expect.objectContaining({ code: "WRONG_TAG" });
    expect(() => envelope.open(sealed.subarray(0, sealed.length - 32))).toThrow(wrongTag);
    expect(() => envelope.open(new Uint8Array(3))).toThrow(wrongTag);
    for (let at = 0; at < sealed.length; at++) {
      const broken = Uint8Array.from(sealed);
      broken[at] = (broken[at] as number) ^ 1;
      expect(() => envelope.open(broken), `byte ${at}`).toThrow(wrongTag);
    }
    const another = new Envelope({ cluster: "c", secret: new Uint8Array(16), platform });
    expect(() => another.open(sealed)).toThrow(wrongTag);
  });
});

describe("E1: payloads travel in frames with a length of 8 bytes", () => {
  it("comes out whole, however it is cut", () => {
    const payload = fromHex(vectors.report.payload);
    const bytes = framed(payload);
    expect(hex(bytes.subarray(0, 8))).toBe(payload.length.toString(16).padStart(16, "0"));
    const stream = new PayloadStream();
    const payloads = Array.from(bytes).flatMap((byte) => stream.push(Uint8Array.of(byte)));
    expect(payloads.map(hex)).toEqual([hex(payload)]);
  });

  it("E5: a frame above the limit, or an end inside one, is the peer's error", () => {
    const stream = new PayloadStream();
    stream.push(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x10, 1));
    expect(() => stream.push(Uint8Array.of(0))).toThrow(RemoteProtocolError);
    const cut = new PayloadStream();
    cut.push(Uint8Array.of(0, 0));
    expect(() => cut.end()).toThrow(RemoteProtocolError);
  });
});
