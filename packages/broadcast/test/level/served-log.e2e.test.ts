/** A server on a durable log, closed and started again in this process: what members are told of what became of the log. */
import { expect, it } from "vitest";
import {
  type BroadcastServer,
  type Delivered,
  join,
  type Notice,
  type Position,
  type Room,
  serve,
} from "../../src/index.js";
import { Database } from "../../src/node/level/database.js";
import { levelLog } from "../../src/node/level/index.js";
import { LevelStore } from "../../src/node/level/level-store.js";
import { Disk } from "./disk.js";
import { segmentKey, temporaryFolder, withDatabase } from "./level-folder.js";
import { textOf } from "./watched-members.js";

interface Seen {
  readonly messages: string[];
  readonly notices: Notice[];
  readonly room: Room;
  /** Resolves when this was read. */
  until(text: string): Promise<void>;
}

async function member(server: BroadcastServer, name: string, from?: Position): Promise<Seen> {
  const messages: string[] = [];
  const notices: Notice[] = [];
  let check = (): void => {};
  const room = await join({
    address: server.address,
    name,
    start: "all",
    ...(from === undefined ? {} : { loadPosition: () => from }),
    handler: (message: Delivered) => {
      messages.push(`${message.number} ${textOf(message)}`);
      check();
    },
    onNotice: (notice) => notices.push(notice),
  });
  const until = (text: string): Promise<void> =>
    new Promise((resolve) => {
      check = () => {
        if (messages.some((message) => message.endsWith(` ${text}`))) resolve();
      };
      check();
    });
  return { messages, notices, room, until };
}

/** Publishes one after another, each in a segment of its own; closes member and server, and says where the member stood. */
async function said(folder: string, texts: readonly string[]): Promise<Position> {
  const server = await serve({ log: levelLog({ folder }) });
  const { room, until } = await member(server, "ana");
  for (const text of texts) await room.publish(text);
  await until(texts.at(-1) as string);
  const position = room.position() as Position;
  await room.close();
  await server.close();
  return position;
}

it("B27: damage in the middle: who comes back is told of a new epoch, with what is left and all that is said in it", async () => {
  const folder = temporaryFolder();
  const position = await said(folder, ["one", "two", "three", "four"]);
  // Number 1 is the join.
  await withDatabase(folder, async (level) => {
    const key = segmentKey(4);
    const record = (await level.get(key)) as Uint8Array;
    await level.put(key, record.subarray(0, record.length - 1));
  });
  await using server = await serve({ log: levelLog({ folder }) });
  const back = await member(server, "ana", position);
  await using again = back.room;
  expect(again.member).toBe(1);
  await again.publish("five");
  await back.until("five");
  expect(back.messages).toEqual(["4 five"]);
  expect(back.notices.find(({ type }) => type === "epoch")).toMatchObject({ previous: position.epoch, from: 4 });
  const { room, messages, until } = await member(server, "ben");
  await using _ = room;
  await until("five");
  expect(messages).toEqual(["2 one", "3 two", "4 five"]);
});

it("B27: a session lives on when all that the log had of it was trimmed", async () => {
  const folder = temporaryFolder();
  const options = { log: levelLog({ folder }), historyMessages: 8 };
  const server = await serve(options);
  const ana = await member(server, "ana");
  for (const text of ["a1", "a2", "a3"]) await ana.room.publish(text);
  await ana.until("a3");
  const position = ana.room.position() as Position;
  await ana.room.close();
  const ben = await member(server, "ben");
  for (let i = 0; i < 40; i++) await ben.room.publish(`b${i}`);
  await ben.room.close();
  await server.close();
  await using next = await serve({ ...options, log: levelLog({ folder }) });
  const keys = await member(next, "eve");
  await keys.until("b39");
  expect(keys.messages.length).toBeLessThan(20);
  await keys.room.close();
  const back = await member(next, "ana", position);
  await using again = back.room;
  expect(back.notices.find(({ type }) => type === "welcome")).toMatchObject({ status: "gap", member: 1 });
  // Its client seqs go on behind those that the checkpoint has: another would be refused (B13).
  expect(await again.publish("a4")).toBeGreaterThan(45);
  await back.until("a4");
});

it("B27: a second server on the same folder does not start, and says why", async () => {
  const folder = temporaryFolder();
  await using _ = await serve({ log: levelLog({ folder }) });
  await expect(serve({ log: levelLog({ folder }) })).rejects.toMatchObject({
    code: "LOG",
    message: `the log cannot be used: ${folder} is in use: a log belongs to one server at a time`,
    cause: { code: "LOCKED" },
  });
});

for (const durability of ["written", "fsync", "memory"] as const) {
  const epoch = durability === "memory" ? "begins anew" : "goes on";
  it(`B28: ${durability}: a disk that fails closes the room, and it opens again with what is stored; the epoch ${epoch}`, async () => {
    const disk = new Disk();
    const database = new Database(temporaryFolder(), { make: disk.make });
    const store = new LevelStore({ database, durability, flushAfterMs: 0, maxBufferedBytes: 1_000_000 });
    await using server = await serve({ log: { kind: "durable", durability, store } });
    const troubles: string[] = [];
    server.on("event", (event) => {
      if (event.type === "trouble") troubles.push(event.message);
    });
    const { room, messages, notices, until } = await member(server, "ana");
    await using ana = room;
    await ana.publish("one");
    await until("one");
    let failed = 0;
    disk.fails = (keys) => keys.some((key) => key.includes("segment")) && failed++ === 0;
    const outcomes: (number | string)[] = [];
    // In memory a write that failed is told by the next one.
    for (let i = 0; i < 200 && troubles.length === 0; i++) {
      outcomes.push(await ana.publish(`more ${i}`).catch(({ code }) => code));
    }
    await ana.publish("last");
    await until("last");
    expect(troubles).toEqual([expect.stringContaining("no space left")]);
    const texts = messages.map((message) => message.slice(message.indexOf(" ") + 1));
    expect(new Set(texts).size).toBe(texts.length);
    const epochs = notices.filter(({ type }) => type === "epoch");
    if (durability === "memory") {
      expect(epochs).toHaveLength(1);
    } else {
      expect(epochs).toEqual([]);
      expect(messages).toEqual([
        "2 one",
        ...outcomes.map((number, i) => `${number} more ${i}`),
        expect.stringMatching(/ last$/),
      ]);
      expect(outcomes).toEqual(outcomes.map((_, i) => 3 + i));
    }
  });
}
