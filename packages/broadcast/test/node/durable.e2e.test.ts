/** A server on a durable log: nothing is told before it is written, and a close waits for what was taken (docs/broadcast.md B12, B25, B29). */
import { expect, it } from "vitest";
import { join, type Log, type RoomStore, type StoreWrite, serve } from "../../src/index.js";

/** Keeps nothing but what was asked, and answers when it is let. */
class HeldStore implements RoomStore {
  readonly asked: StoreWrite["type"][][] = [];
  calls: string[] = [];
  isHeld = false;
  #held: (() => void)[] = [];
  #onAsked: (() => void) | undefined;

  async start(): Promise<void> {
    this.calls.push("start");
  }
  async open(): Promise<{ segments: []; damaged: false; boot: string }> {
    return { segments: [], damaged: false, boot: "one" };
  }
  async write(_room: string, writes: readonly StoreWrite[]): Promise<void> {
    this.asked.push(writes.map(({ type }) => type));
    this.#onAsked?.();
    if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
  }
  async read(): Promise<[]> {
    return [];
  }
  async close(): Promise<void> {
    this.calls.push("close");
  }

  /** The next write is asked for. */
  nextWrite(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = resolve;
    });
  }

  release(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

it("B12, B25: a publish is acknowledged when its write is done, and those that came meanwhile share the next", async () => {
  const store = new HeldStore();
  const log: Log = { kind: "durable", durability: "written", store };
  await using server = await serve({ log });
  await using ada = await join({ address: server.address, name: "ada", handler: () => {} });
  store.isHeld = true;
  let isDone = false;
  const asked = store.nextWrite();
  const first = ada.publish("first").then((number) => {
    isDone = true;
    return number;
  });
  await asked;
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
  store.isHeld = false;
  store.release();
  expect(await first).toBe(2);
  expect(store.calls).toEqual(["start"]);
});

it("B29: a close waits for what is being written, marks the log as clean, and closes it last", async () => {
  const store = new HeldStore();
  const server = await serve({ log: { kind: "durable", durability: "written", store } });
  const ada = await join({ address: server.address, name: "ada", handler: () => {} });
  store.isHeld = true;
  const asked = store.nextWrite();
  void ada.publish("taken").catch(() => {});
  await asked;
  const closing = server.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(store.calls).toEqual(["start"]);
  store.isHeld = false;
  store.release();
  await closing;
  expect(store.calls).toEqual(["start", "close"]);
  expect(store.asked.at(-1)).toContain("meta");
  await ada.close();
});

it("a log that cannot be taken is LOG", async () => {
  const store = new HeldStore();
  store.start = () => Promise.reject(new Error("another process has it"));
  const log: Log = { kind: "durable", durability: "written", store };
  await expect(serve({ log })).rejects.toMatchObject({
    code: "LOG",
    message: expect.stringContaining("another process"),
  });
});
