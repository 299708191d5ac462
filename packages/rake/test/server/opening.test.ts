import { expect } from "vitest";
import { test } from "../../../../test/scenario.js";
import { macOf } from "../../src/core/auth.js";
import { encode } from "../../src/core/codec.js";
import { plainPlatform } from "./fake-platform.js";
import { AUTH, HELLO, NONCE, needed } from "./peers.js";
import { Rig } from "./rig.js";

const SECRET = new Uint8Array(16).fill(3);
const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const u64 = (value: number): Uint8Array =>
  new Uint8Array([...u32(Math.floor(value / 2 ** 32)), ...u32(value % 2 ** 32)]);

test("R10: the first bytes tell the dialects apart, whole or one by one", () => {
  for (const isWhole of [true, false]) {
    const rig = new Rig({ allowV1: true });
    const send = (bytes: Uint8Array): { closed: string | undefined; sentBytes: number } => {
      const peer = rig.connectV1();
      if (isWhole) peer.write(bytes);
      else for (const byte of bytes) peer.write(Uint8Array.of(byte));
      return peer;
    };
    expect(send(u32(1))).toMatchObject({ closed: "quoted", sentBytes: 8 });
    expect(send(u32(2)).closed).toMatch(/no dialect/);
    expect(send(u32(6)).closed).toMatch(/no dialect/);
    expect(send(u64(2)).closed).toMatch(/no dialect/);
    expect(send(u64(8)).closed).toMatch(/no dialect/);
    expect(send(u64(65_537)).closed).toMatch(/no dialect/);
    expect(send(u32(0x47455420)).closed).toMatch(/no dialect/);
    expect(send(u32(0)).closed).toBeUndefined();
    const v2 = rig.connect();
    if (isWhole) v2.write(encode(HELLO));
    else for (const byte of encode(HELLO)) v2.write(Uint8Array.of(byte));
    expect(v2.types).toEqual(["CHALLENGE"]);
  }
});

test("R10: v1-8 is known by its first eight bytes, and answered in eight", () => {
  const rig = new Rig({ allowV1: true });
  expect(rig.connectV1("v1-8").write(u64(1))).toMatchObject({ closed: "quoted", sentBytes: 16 });
});

test("R10, R11: v1 is closed where it is not allowed", () => {
  const rig = new Rig();
  expect(rig.connectV1().write(u32(1))).toMatchObject({ sentBytes: 0, closed: "v1-4 is not allowed" });
  expect(rig.connectV1("v1-8").write(u64(1))).toMatchObject({ sentBytes: 0, closed: "v1-8 is not allowed" });
  expect(rig.view.connections).toBe(0);
});

test("R10: who says nothing that tells is closed after firstBytesMs", () => {
  const rig = new Rig({ firstBytesMs: 100 });
  const silent = rig.connect();
  const slow = rig.connect();
  slow.write(u32(0));
  rig.wait(99);
  expect([silent.closed, slow.closed]).toEqual([undefined, undefined]);
  rig.wait(1);
  expect([silent.closed, slow.closed]).toEqual(["no first bytes in time", "no first bytes in time"]);
  expect(rig.view.connections).toBe(0);
});

test("R14: a frame above 65,536 bytes before the WELCOME, or above maxFrameBytes behind it, is TOO_BIG", () => {
  const rig = new Rig({ maxFrameBytes: 131_072 });
  const early = rig.connect();
  early.say(HELLO).write(u64(65_537));
  expect(early.bye).toBe("TOO_BIG");
  const late = rig.welcomed();
  late.write(u64(131_072));
  expect(late.bye).toBeUndefined();
  const larger = rig.welcomed();
  larger.write(u64(131_073));
  expect(larger.bye).toBe("TOO_BIG");
});

test("R15: what is not a message, or not in its turn, is answered by BYE BAD_MESSAGE, and the connection ends", () => {
  const rig = new Rig();
  const ping = encode({ type: "PING", nonce: 1 });
  for (const wrong of [
    encode({ type: "PING", nonce: 1 }),
    encode(AUTH),
    encode({ type: "CANCEL", actionId: 1 }),
    new Uint8Array([...u64(9), ...u64(1), 0]),
  ]) {
    const peer = rig.connect();
    peer.write(wrong, ping);
    expect(peer.types).toEqual(["BYE"]);
    expect(peer.bye).toBe("BAD_MESSAGE");
    expect(peer.closed).toMatch(/BAD_MESSAGE/);
  }
  for (const wrong of [HELLO, AUTH]) {
    const peer = rig.welcomed();
    peer.say(wrong, { type: "PING", nonce: 1 });
    expect(peer.types).toEqual(["CHALLENGE", "WELCOME", "BYE"]);
  }
  const fromServers = rig.welcomed();
  fromServers.write(encode({ type: "STARTED", actionId: 1 }));
  expect(fromServers.bye).toBe("BAD_MESSAGE");
  const twice = rig.welcomed();
  twice.ask(1);
  twice.say({ type: "QUOTE", actionId: 1, command: "make", kind: "", workMs: 0, inputs: [], resources: [] });
  expect(twice.bye).toBe("BAD_MESSAGE");
  expect(rig.view).toMatchObject({ connections: 0, reserved: 0 });
});

test("R15: an unknown type is skipped, and a message for an action that is not known is dropped", () => {
  const rig = new Rig();
  const peer = rig.welcomed();
  peer.write(new Uint8Array([...u64(9), ...u64(99), 0]));
  peer.say(
    { type: "CANCEL", actionId: 5 },
    { type: "CREDIT", actionId: 5, bytes: 2 ** 53 - 1 },
    { type: "RELEASE", actionId: 5, reservation: 1 },
  );
  peer.send(5, "x");
  expect(peer.types).toEqual(["CHALLENGE", "WELCOME"]);
});

test("R16: HELLO, CHALLENGE, AUTH, WELCOME; without a secret the macs are zero", () => {
  const rig = new Rig({ name: "box", cores: 4, slots: 3, resources: ["gpu"], heartbeatMs: 700, maxInputs: 9 });
  const peer = rig.connect().say(HELLO);
  expect(peer.last("CHALLENGE")).toMatchObject({ version: 2, authentication: "none" });
  peer.say(AUTH);
  expect(peer.last("WELCOME")).toMatchObject({
    ...{ mac: new Uint8Array(32), name: "box", cores: 4, slots: 3, speed: 1_000, sandbox: "none" },
    ...{ resources: ["gpu"], heartbeatMs: 700, maxInputs: 9 },
  });
  expect(rig.eventsOf("welcomed")).toHaveLength(1);
});

test("R16: with a secret the client's mac is checked, and the server's is given", () => {
  const rig = new Rig({ secret: SECRET });
  const peer = rig.connect().opens(SECRET);
  const { nonce, authentication } = peer.last("CHALLENGE");
  expect(authentication).toBe("secret");
  expect(peer.last("WELCOME").mac).toEqual(macOf("server", SECRET, NONCE, nonce, 2, 2, plainPlatform()));
  const wrongs = [AUTH.mac, macOf("server", SECRET, NONCE, nonce, 2, 2, plainPlatform())];
  for (const mac of [...wrongs, peer.last("WELCOME").mac]) {
    const stranger = rig.connect().say(HELLO, { type: "AUTH", mac });
    expect(stranger.types).toEqual(["CHALLENGE", "BYE"]);
    expect(stranger.bye).toBe("UNAUTHORIZED");
  }
  const nonces = [...rig.peers.values()].map((one) => String("of" in one ? one.of("CHALLENGE")[0]?.nonce : ""));
  expect(new Set(nonces).size).toBe(nonces.length);
});

test("R16: without a HELLO and AUTH within helloMs the client is sent BYE IDLE; an older version is refused", () => {
  const rig = new Rig({ helloMs: 100 });
  const peer = rig.connect().say(HELLO);
  rig.wait(99);
  expect(peer.bye).toBeUndefined();
  rig.wait(1);
  expect(peer.bye).toBe("IDLE");
  expect(rig.connect().say({ ...HELLO, version: 1 }).bye).toBe("VERSION");
});

test("R27: who was not heard for a heartbeat is sent a PING, and is lost after three", () => {
  const rig = new Rig({ heartbeatMs: 100 });
  const peer = rig.welcomed();
  rig.wait(99);
  expect(peer.of("PING")).toHaveLength(0);
  rig.wait(1);
  expect(peer.of("PING")).toHaveLength(1);
  peer.say({ type: "PONG", nonce: peer.last("PING").nonce });
  rig.wait(299);
  expect(peer.of("PING")).toHaveLength(3);
  expect(peer.closed).toBeUndefined();
  rig.wait(1);
  expect(peer.bye).toBe("IDLE");
  expect(rig.view.connections).toBe(0);
});

test("R27: a PING is answered; BYE is the last of a side", () => {
  const rig = new Rig();
  const peer = rig.welcomed().say({ type: "PING", nonce: 77 });
  expect(peer.last("PONG").nonce).toBe(77);
  peer.bid(1);
  peer.say({ type: "BYE", code: "END", text: "" }, { type: "PING", nonce: 78 });
  expect(peer.types.at(-1)).toBe("BID");
  expect(peer.closed).toBe("BYE END");
  expect(rig.view).toMatchObject({ connections: 0, reserved: 0 });
});

test("R27: who takes nothing is not sent pings, and is lost after thirty heartbeats", () => {
  const rig = new Rig({ heartbeatMs: 100 });
  const peer = rig.welcomed().full();
  rig.wait(2_999);
  expect([peer.of("PING").length, peer.closed]).toEqual([0, undefined]);
  peer.drained();
  rig.wait(299);
  expect(peer.closed).toBeUndefined();
  peer.full();
  rig.wait(3_000);
  expect(peer.closed).toMatch(/IDLE/);
});

test("R42: more than maxConnections are sent BYE FULL; who left makes room", () => {
  const rig = new Rig({ maxConnections: 2 });
  const [first] = [rig.welcomed(), rig.connect()];
  expect(rig.connect()).toMatchObject({ closed: "FULL: 2 connections are open", types: ["BYE"] });
  expect(rig.eventsOf("turnedAway").map(({ by }) => by)).toEqual(["maxConnections"]);
  first.cut();
  expect(rig.welcomed().closed).toBeUndefined();
  expect(rig.view.connections).toBe(2);
});

test("R42: more than maxConnectionsPerAddress of one address are sent BYE FULL; others are not concerned", () => {
  const rig = new Rig({ maxConnectionsPerAddress: 2 });
  const [first, second] = [rig.connect("10.0.0.1").opens(), rig.connect("10.0.0.1")];
  const third = rig.connect("10.0.0.1");
  expect(third.closed).toBe("FULL: 2 connections of 10.0.0.1 are open, and no more may be");
  expect(third.last("BYE")).toMatchObject({ code: "FULL", text: third.closed?.slice(6) });
  expect(rig.eventsOf("turnedAway")).toEqual([
    { type: "turnedAway", connection: third.id, by: "maxConnectionsPerAddress", address: "10.0.0.1" },
  ]);
  expect([rig.connect("10.0.0.2").opens().closed, rig.connect().opens().closed]).toEqual([undefined, undefined]);
  first.cut();
  second.write(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255));
  expect(second.closed).toMatch(/no dialect/);
  for (const peer of [rig.connect("10.0.0.1"), rig.connect("10.0.0.1")]) expect(peer.opens().closed).toBeUndefined();
});

test("R42: what the store has at the start counts, and what is too much goes first", () => {
  const files = ["a", "bb", "ccc"].map(needed);
  const rig = new Rig({ maxStoreBytes: 5 }, files);
  rig.connect();
  expect([...rig.store.values()]).toEqual([2, 3]);
  expect(rig.view).toMatchObject({ storeFiles: 2, storeBytes: 5 });
});
