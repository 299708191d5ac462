/** Peers that mean no good, while a healthy pair goes on undisturbed (docs/broadcast.md B4, B6, B16, B23, guarantee E). */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import type { ServerEvent } from "../../src/index.js";
import { encode } from "../../src/index.js";
import { HealthyPair } from "./healthy-pair.js";
import { helloOf, RawMember } from "./raw-member.js";

/** A frame of whatever bytes. */
function frame(payload: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(8 + payload.length);
  bytes.writeBigUInt64BE(BigInt(payload.length));
  bytes.set(payload, 8);
  return bytes;
}

it("B4: garbage is answered by BAD_MESSAGE or TOO_BIG and the end of that connection alone", async () => {
  await using pair = await HealthyPair.start();
  const rubbish: Uint8Array[] = [
    frame(new Uint8Array()),
    frame(Uint8Array.of(99)),
    frame(randomBytes(300)),
    frame(encode({ type: "pong", nonce: 1 }).subarray(8, 12)),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0, 0, 0, 0, 0x10, 0, 0, 1),
    encode({
      type: "batch",
      first: 1,
      entries: [{ kind: "message", member: 1, clientSeq: 1, bytes: Uint8Array.of(1) }],
    }),
    new TextEncoder().encode("GET / HTTP/1.1\r\nhost: here\r\n\r\n"),
  ];
  for (const bytes of rubbish) {
    await using peer = await RawMember.connect(pair.address);
    peer.socket.write(bytes);
    expect(["BAD_MESSAGE", "TOO_BIG"]).toContain((await peer.message("close")).code);
    await peer.closed;
    await pair.talk(5);
  }
});

it("B4: what a member says after its WELCOME is judged in the same way", async () => {
  await using pair = await HealthyPair.start();
  const lies: [string, (peer: RawMember) => void][] = [
    ["BAD_MESSAGE", (peer) => peer.say(helloOf())],
    ["BAD_MESSAGE", (peer) => peer.say({ type: "ack", last: 1_000, window: 10 })],
    ["BAD_SEQ", (peer) => peer.say({ type: "publish", firstClientSeq: 7, payloads: [Uint8Array.of(1)] })],
  ];
  for (const [code, lie] of lies) {
    await using peer = await RawMember.join(pair.address);
    lie(peer);
    expect((await peer.message("close")).code).toBe(code);
    await pair.talk(5);
  }
});

it("B6: a connection that says nothing is closed, IDLE", async () => {
  await using pair = await HealthyPair.start({ helloMs: 50 });
  await using peer = await RawMember.connect(pair.address);
  expect((await peer.message("close")).code).toBe("IDLE");
  await pair.talk();
});

it("E: a peer that sends PINGs and does not read is not kept an answer to each", async () => {
  // With the default rate it would be closed before it has sent a tenth of them.
  await using pair = await HealthyPair.start({ highWaterBytes: 16_384, maxControlRate: 1_000_000_000 });
  await using peer = await RawMember.join(pair.address);
  const { socket } = peer;
  socket.removeAllListeners("data").pause();
  const pings = Buffer.concat(Array.from({ length: 2_000 }, () => encode({ type: "ping", nonce: 1 })));
  const rounds = 600; // 20 MB of PONGs: more than what the system holds of a connection
  for (let sent = 0; sent < rounds; sent++) {
    if (!socket.write(pings)) await new Promise((resolve) => socket.once("drain", resolve));
  }
  await pair.talk();
  const last = Buffer.from(encode({ type: "pong", nonce: 2 }));
  socket.write(encode({ type: "ping", nonce: 2 }));
  let bytes = 0;
  let end = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    const seen = Buffer.concat([end, chunk]); // it may come in two chunks
    if (seen.includes(last)) break;
    end = seen.subarray(-last.length);
  }
  expect(socket.readableEnded, "closed before the answer to the last").toBe(false);
  expect(bytes).toBeLessThan((rounds * pings.length) / 2);
});

it("B23, E: a flood of connections and of joins finds FULL, and the pair goes on", async () => {
  await using pair = await HealthyPair.start({ maxConnections: 20, maxMembers: 10 });
  const closed: string[] = [];
  pair.server.on("event", (event: ServerEvent) => void (event.type === "closed" && closed.push(event.code)));
  const peers = await Promise.all(Array.from({ length: 40 }, () => RawMember.connect(pair.address)));
  for (const peer of peers) if (peer.socket.writable) peer.say(helloOf({ room: "crowd" }));
  const answers = await Promise.all(
    peers.map((peer) => Promise.race([peer.message("welcome"), peer.message("close")]).catch(() => undefined)),
  );
  await pair.talk();
  expect(answers.filter((answer) => answer?.type === "welcome")).toHaveLength(10);
  const codes = answers.flatMap((answer) => (answer?.type === "close" ? [answer.code] : []));
  expect(new Set(codes)).toEqual(new Set(["FULL"]));
  expect(codes.length).toBe(30);
  expect(closed.length).toBeGreaterThanOrEqual(30);
  await Promise.all(peers.map((peer) => peer[Symbol.asyncDispose]()));
});

it("B23: connections far beyond the limit are turned away before anything is kept of them", async () => {
  await using pair = await HealthyPair.start({ maxConnections: 2 });
  const port = Number(pair.address.split(":")[1]);
  const sockets: Socket[] = [];
  const ends = Array.from({ length: 200 }, () => {
    const socket = connect({ host: "127.0.0.1", port }).on("error", () => {});
    sockets.push(socket);
    return new Promise<void>((resolve) => socket.resume().once("close", () => resolve()));
  });
  await Promise.all(ends); // the pair has both places
  await pair.talk();
});

it("B20, E: a member that never reads is left behind, and the others of its room are not", async () => {
  await using pair = await HealthyPair.start({ highWaterBytes: 16_384, historyMessages: 2_000 }, "main");
  const events: string[] = [];
  pair.server.on("event", (event: ServerEvent) => void events.push(event.type === "closed" ? event.code : event.type));
  await using deaf = await RawMember.join(pair.address, { window: 1_000_000 });
  deaf.socket.pause();
  for (let round = 0; round < 60 && !events.includes("SLOW"); round++) await pair.talk(2_000, 1_000);
  expect(events).toContain("lagging");
  expect(events).toContain("SLOW"); // what it needs next was trimmed (B19)
  await pair.talk();
});
