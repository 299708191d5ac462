import { getEventListeners } from "node:events";
import { type Duplex, PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { FramedSocket } from "../src/index.js";
import { announcing, collect, concat, frame, plain, text } from "./bytes.js";
import { socketPair } from "./socket-pair.js";

/** All that comes until the peer ends; the socket stays open for writing, which `for await` would end. */
const received = (socket: Duplex): Promise<Uint8Array> =>
  new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    socket.on("data", (chunk: Uint8Array) => void chunks.push(chunk)).on("end", () => resolve(concat(chunks)));
  });
const turn = (): Promise<void> => new Promise(setImmediate);

it("F18: frames written in one turn leave together, also when each write is awaited", async () => {
  const [near] = socketPair(100_000);
  const writes: number[] = [];
  const write = near.write.bind(near);
  near.write = ((chunk: Uint8Array) => {
    writes.push(chunk.length);
    return write(chunk);
  }) as typeof near.write;
  const framed = new FramedSocket(near);
  for (let count = 0; count < 100; count++) void framed.write(text("x"));
  await turn();
  for (let count = 0; count < 100; count++) await framed.write(text("x"));
  await turn();
  expect(writes).toEqual([900, 900]);
});

it("F13: write() waits for `drain`, and a slow reader holds writeMany() back", async () => {
  const [near, far] = socketPair(1024);
  const framed = new FramedSocket(near, { slabBytes: 1024 });
  let given = 0;
  function* endless(): Generator<Uint8Array> {
    for (;;) {
      given++;
      yield new Uint8Array(100);
    }
  }
  const writing = framed.writeMany(endless());
  writing.catch(() => {});
  await turn();
  await turn();
  const before = given;
  expect(before).toBeLessThan(100);
  await turn();
  expect(given).toBe(before);
  const reader = new FramedSocket(far);
  for (let count = 0; count < 200; count++) await reader.read();
  expect(given).toBeGreaterThan(200);
  expect(given).toBeLessThan(300);
  near.destroy();
  await expect(writing).rejects.toThrow(expect.objectContaining({ code: "CONNECTION_FAILED" }));
});

it("F13: while the socket is full every write() waits, and goes on when it has drained", async () => {
  const [near, far] = socketPair(64);
  const framed = new FramedSocket(near, { slabBytes: 1024 });
  await framed.writeMany([new Uint8Array(200), new Uint8Array(200)]);
  await turn();
  let isDone = false;
  const written = framed.write(text("x")).then(() => {
    isDone = true;
  });
  await turn();
  expect(isDone).toBe(false);
  const arrived = received(far);
  await written;
  await framed.end();
  expect(await arrived).toHaveLength(2 * 208 + 9);
});

it("F13: nothing is read from the socket while no read() waits", async () => {
  const [near, far] = socketPair(64);
  const framed = new FramedSocket(near);
  const written: number[] = [];
  for (let count = 0; count < 50; count++) far.write(frame(new Uint8Array(56)), () => void written.push(count));
  await turn();
  expect(written.length).toBeLessThan(5);
  for (let count = 0; count < 10; count++) await framed.read();
  await turn();
  expect(written.length).toBeLessThan(20);
});

it("F18: an aborted read loses nothing, and another read can follow", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near);
  const controller = new AbortController();
  const aborted = framed.read({ signal: controller.signal });
  far.write(frame(text("hello")).slice(0, 10));
  await turn();
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  await expect(framed.read({ signal: controller.signal })).rejects.toBe(reason);
  far.write(frame(text("hello")).slice(10));
  expect(plain([(await framed.read()) as Uint8Array])).toEqual(plain([text("hello")]));
});

it("F18: one read waits at a time", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near);
  const first = framed.read();
  await expect(framed.readBatch()).rejects.toThrow(expect.objectContaining({ code: "READ_PENDING" }));
  expect(() => framed.rest()).toThrow(expect.objectContaining({ code: "READ_PENDING" }));
  far.write(frame(text("a")));
  expect(await first).toHaveLength(1);
});

it("F18: a batch is every frame that has come, and an error waits behind it", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near);
  far.write(concat([frame(text("a")), frame(text("b")), announcing(2n ** 60n)]));
  expect(plain((await framed.readBatch()) ?? [])).toEqual(plain([text("a"), text("b")]));
  for (const read of [() => framed.readBatch(), () => framed.read()]) {
    await expect(read()).rejects.toThrow(expect.objectContaining({ code: "FRAME_TOO_LARGE" }));
  }
});

it("F18: rest() gives the socket back with every byte that is not of a frame read", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near);
  await framed.write(text("upgrade"));
  far.write(concat([frame(text("ok")), text("raw bytes, ")]));
  expect(plain([(await framed.read()) as Uint8Array])).toEqual(plain([text("ok")]));
  far.end(text("and more"));
  await turn();
  const rest = framed.rest();
  for (const event of ["data", "end", "error", "drain"]) expect(near.listenerCount(event), event).toBe(0);
  await framed.close(); // does nothing any more
  expect(near.destroyed).toBe(false);
  const more = await collect(near as AsyncIterable<Uint8Array>);
  expect(Buffer.concat([rest, ...more]).toString()).toBe("raw bytes, and more");
  expect(plain([far.read() as Uint8Array])).toEqual(plain([frame(text("upgrade"))]));
  await expect(framed.read()).rejects.toThrow(expect.objectContaining({ code: "TAKEN_OVER" }));
  await expect(framed.write(text("x"))).rejects.toThrow(expect.objectContaining({ code: "TAKEN_OVER" }));
});

it("F18: end() ends writing after the last frame and leaves reading open", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near);
  void framed.write(text("last"));
  const ended = framed.end();
  expect(plain([await received(far)])).toEqual(plain([frame(text("last"))]));
  await ended;
  await expect(framed.write(text("x"))).rejects.toThrow(expect.objectContaining({ code: "CLOSED" }));
  far.write(frame(text("answer")));
  far.end();
  expect(plain(await collect(framed))).toEqual(plain([text("answer")]));
  expect(await framed.read()).toBeUndefined();
});

it("F18: close() sends what is pending, drops what comes, and rejects what waits", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near);
  const waiting = framed.read();
  void framed.write(text("bye"));
  const closed = framed.close();
  expect(framed.close()).toBe(closed);
  await expect(waiting).rejects.toThrow(expect.objectContaining({ code: "CLOSED" }));
  await expect(framed.read()).rejects.toThrow(expect.objectContaining({ code: "CLOSED" }));
  await expect(framed.write(text("x"))).rejects.toThrow(expect.objectContaining({ code: "CLOSED" }));
  far.write(new Uint8Array(10_000));
  expect(plain([await received(far)])).toEqual(plain([frame(text("bye"))]));
  far.end();
  await closed;
  expect(near.destroyed).toBe(true);
});

it("F18: close() waits no longer than closeTimeoutMs for a peer that does not end", async () => {
  const [near] = socketPair();
  await using framed = new FramedSocket(near, { closeTimeoutMs: 1 });
  await framed.close();
  expect(near.destroyed).toBe(true);
});

it("F18: close() of a socket that was destroyed, whose close is not told yet, waits for nothing", async () => {
  const [near] = socketPair();
  const framed = new FramedSocket(near, { closeTimeoutMs: 2 ** 31 - 1 });
  near.destroy();
  await framed.close(); // else the test's own time is over
  await expect(framed.end()).rejects.toThrow(expect.objectContaining({ code: "CONNECTION_FAILED" }));
});

it("F18: a connection that fails rejects reading and writing, with the socket's error as cause", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near);
  far.write(concat([frame(text("before")), frame(text("cut off")).slice(0, 9)]));
  expect(await framed.read()).toHaveLength(6);
  const reading = framed.read();
  const cause = new Error("reset");
  near.destroy(cause);
  await expect(reading).rejects.toThrow(expect.objectContaining({ code: "CONNECTION_FAILED", cause }));
  await expect(framed.write(text("x"))).rejects.toThrow(expect.objectContaining({ code: "CONNECTION_FAILED" }));
  await expect(framed.read()).rejects.toThrow("reset");
  await framed.close();
  const dead = new PassThrough();
  dead.destroy();
  await expect(new FramedSocket(dead).read()).rejects.toThrow(expect.objectContaining({ code: "CONNECTION_FAILED" }));
});

it("F2: a payload above the limit is refused and does not end the connection", async () => {
  const [near, far] = socketPair();
  const framed = new FramedSocket(near, { maxFrameBytes: 3 });
  await expect(framed.write(text("long"))).rejects.toThrow(expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }));
  await expect(framed.write("no bytes" as never)).rejects.toThrow(TypeError);
  await framed.write(text("fit"));
  await turn();
  expect(plain([far.read() as Uint8Array])).toEqual(plain([frame(text("fit"))]));
});

it("F18: a socket that somebody else ended refuses frames instead of losing them", async () => {
  const [near] = socketPair();
  const framed = new FramedSocket(near);
  near.end();
  await framed.write(text("lost"));
  await turn();
  await expect(framed.write(text("x"))).rejects.toThrow(expect.objectContaining({ code: "CONNECTION_FAILED" }));
});
