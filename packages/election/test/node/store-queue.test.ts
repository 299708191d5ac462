/** Storages that are slow, hang or fail, when nodes store, start and stop. */
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import type { Stored } from "../../src/core/index.js";
import { createElector, type ElectionStorage, fileStorage, type Logger, memoryStorage } from "../../src/index.js";
import { silentLogger } from "../../src/node/logger.js";
import { StoreQueue } from "../../src/node/store-queue.js";
import { quick, until } from "./nodes.js";

const state = (epoch: number): Stored => ({ epoch, holder: "a", id: "a" });

/** Writes down what it is asked; a store ends when the gate is told `go on`. */
function slowStorage(gate: EventEmitter, asked: string[]): ElectionStorage {
  return {
    load: async () => undefined,
    async store({ epoch }) {
      asked.push(`store ${epoch}`);
      await once(gate, "go on");
      asked.push(`stored ${epoch}`);
    },
    async close() {
      asked.push("close");
    },
  };
}

it("E18: at its end waits for a slow store no longer than it is told, closes the storage after it, and stores nothing more", async () => {
  const gate = new EventEmitter();
  const asked: string[] = [];
  const told: string[] = [];
  const queue = new StoreQueue(slowStorage(gate, asked), silentLogger, ({ type }) => void told.push(type));
  queue.add(1, state(1));
  queue.add(2, state(2));
  await queue.end(20);
  expect(asked).toEqual(["store 1"]);
  gate.emit("go on");
  await until(() => asked.includes("close"));
  expect(asked).toEqual(["store 1", "stored 1", "close"]);
  expect(told).toEqual(["stored"]);
});

it("E18: a node that is stopped while its disk is slow keeps its file until what it stores is stored", async () => {
  const path = join(scratchFolder(), "a.json");
  const gate = new EventEmitter();
  const storage = fileStorage(path);
  const slow: ElectionStorage = {
    load: () => storage.load(),
    async store(stored) {
      await once(gate, "go on");
      await storage.store(stored);
    },
    close: async () => await storage.close?.(),
  };
  const options = { ...quick, mode: "quorum" as const, id: "a", members: [{ id: "a", address: "127.0.0.1:1" }] };
  const one = createElector({ ...options, listen: "127.0.0.1:0", storage: slow, stopTimeoutMs: 20 });
  await one.start();
  await until(() => gate.listenerCount("go on") === 1);
  await one.stop();
  const two = createElector({ ...options, listen: "127.0.0.1:0", storage: fileStorage(path) });
  await expect(two.start()).rejects.toMatchObject({ code: "IN_USE" });
  gate.emit("go on");
  const three = fileStorage(path);
  const loaded = async (): Promise<Stored | undefined> => await three.load().catch(() => undefined);
  let stored: Stored | undefined;
  await until(async () => {
    stored = await loaded();
    return stored !== undefined;
  });
  expect(stored).toEqual(JSON.parse(readFileSync(path, "utf8")));
  expect(stored?.epoch).toBe(1);
  await three.close?.();
});

it("stops within stopTimeoutMs where the storage does not answer, and closes that when it does", async () => {
  const gate = new EventEmitter();
  const asked: string[] = [];
  const storage: ElectionStorage = {
    load: async () => void (await once(gate, "go on")),
    store: async () => {},
    close: async () => void asked.push("close"),
  };
  const elector = createElector({ id: "a", storage, stopTimeoutMs: 20 });
  const started = elector.start();
  const refused = expect(started).rejects.toMatchObject({ code: "STOPPED" });
  await elector.stop();
  await refused;
  expect(asked).toEqual([]);
  gate.emit("go on");
  await until(() => asked.length === 1);
});

it("says once, and not at every attempt, why nothing can be stored", async () => {
  const said: string[] = [];
  const write = (level: string) => (fields: object) => void said.push(`${level} ${(fields as { why: string }).why}`);
  const logger: Logger = { ...silentLogger, debug: write("debug"), error: write("error") };
  const failures = ["full", "full", "gone", "gone"];
  const storage = { ...memoryStorage(), store: () => Promise.reject(new Error(failures.shift())) };
  const told: string[] = [];
  const queue = new StoreQueue({ ...storage, load: async () => undefined }, logger, ({ type }) => void told.push(type));
  for (let id = 0; id < 4; id++) queue.add(id, state(id));
  await queue.end(1_000);
  expect(told).toEqual(["storeFailed", "storeFailed", "storeFailed", "storeFailed"]);
  expect(said).toEqual(["error full", "debug full", "error gone", "debug gone"]);
});
