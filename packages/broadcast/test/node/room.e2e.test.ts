/** Rooms over real sockets: what is published arrives everywhere, in one order, and says its number (docs/broadcast.md). */
import { expect, it } from "vitest";
import {
  type Delivered,
  type JoinOptions,
  join,
  type Notice,
  type Position,
  type Room,
  serve,
} from "../../src/index.js";
import { levelLog } from "../../src/node/level/index.js";
import { temporaryFolder } from "../level/level-folder.js";

const text = (message: Delivered): string => new TextDecoder().decode(message.bytes);

/** The next `count` messages of a room. */
async function take(room: Room, count: number): Promise<Delivered[]> {
  const taken: Delivered[] = [];
  for await (const message of room) {
    taken.push(message);
    if (taken.length === count) break;
  }
  return taken;
}

/** The first notice of a type, from now on. */
function next<Type extends Notice["type"]>(room: Room, type: Type): Promise<Extract<Notice, { readonly type: Type }>> {
  return new Promise((resolve) => {
    const listener = (notice: Extract<Notice, { readonly type: Type }>): void => {
      room.off(type, listener);
      resolve(notice);
    };
    room.on(type, listener);
  });
}

it("B12, B14: everyone gets everything in the same order, the sender its own too, and every publish its number", async () => {
  await using server = await serve();
  const { address } = server;
  await using ada = await join({ address, name: "ada" });
  await using bob = await join({ address, name: "bob" });
  await using eve = await join({ address, observer: true });
  const published = Promise.all([
    ...["a1", "a2", "a3"].map((one) => ada.publish(one)),
    bob.publishAll(["b1", "b2", "b3"]),
  ]);
  const all = await Promise.all([ada, bob, eve].map((room) => take(room, 6)));
  const [seenByAda, ...others] = all.map((messages) => messages.map((one) => `${one.number} ${one.name} ${text(one)}`));
  for (const other of others) expect(other).toEqual(seenByAda);
  const numbers = new Map(all[0]?.map((one) => [text(one), one.number]));
  const [a1, a2, a3, b] = await published;
  expect([a1, a2, a3]).toEqual(["a1", "a2", "a3"].map((one) => numbers.get(one)));
  expect(b).toEqual(["b1", "b2", "b3"].map((one) => numbers.get(one)));
});

it("B9, B10, B22: members are told of each other, and at once of one who leaves", async () => {
  await using server = await serve();
  const { address } = server;
  await using ada = await join({ address, name: "ada", handler: () => {} });
  const joined = next(ada, "membership");
  const bob = await join({ address, name: "bob" });
  expect(await joined).toMatchObject({ change: "join", member: { member: bob.member, name: "bob" } });
  expect(bob.members().map(({ name }) => name)).toEqual(["ada", "bob"]);
  const left = next(ada, "membership");
  await bob.leave();
  expect(await left).toMatchObject({ change: "leave", member: { name: "bob" }, reason: "left" });
  expect(ada.members().map(({ name }) => name)).toEqual(["ada"]);
});

it("B20: a handler acknowledges what it returned from, and window 1 is stop-and-wait", async () => {
  await using server = await serve();
  const { address } = server;
  const seen: string[] = [];
  await using ada = await join({ address, name: "ada", handler: () => {} });
  let release: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isThere: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    isThere = resolve;
  });
  let isLast: () => void = () => {};
  const last = new Promise<void>((resolve) => {
    isLast = resolve;
  });
  await using slow = await join({
    address,
    name: "slow",
    window: 1,
    handler: async (message) => {
      seen.push(text(message));
      if (seen.length === 1) {
        isThere();
        await first;
      }
      if (seen.length === 3) isLast();
    },
  });
  await ada.publishAll(["1", "2", "3"]);
  await arrived;
  const lagging = server.view().rooms[0]?.lagging;
  expect(seen).toEqual(["1"]);
  expect(lagging).toBe(1); // it was not sent the rest
  const acknowledged: number[] = [];
  slow.on("acknowledged", ({ upTo }) => acknowledged.push(upTo));
  release();
  await last;
  expect(seen).toEqual(["1", "2", "3"]);
  expect(acknowledged.length).toBeGreaterThanOrEqual(2);
});

it("B36: echo: false keeps the own messages from the handler, not from the position", async () => {
  await using server = await serve();
  const { address } = server;
  const seen: string[] = [];
  await using ada = await join({ address, name: "ada", echo: false, handler: (one) => void seen.push(text(one)) });
  await using bob = await join({ address, name: "bob" });
  const own = await ada.publish("mine");
  const reached = new Promise<void>((resolve) => {
    ada.on("acknowledged", ({ upTo }) => upTo > own && resolve());
  });
  await bob.publish("yours");
  await reached;
  expect(seen).toEqual(["yours"]);
  expect(ada.position()?.last).toBe(own + 1);
});

it("B37: who comes back with the position gets what it had not handled, and nothing twice", async () => {
  await using server = await serve();
  const { address } = server;
  let stored: Position | undefined;
  const options: JoinOptions = {
    address,
    name: "ada",
    loadPosition: () => stored,
    savePosition: async (position) => {
      stored = position;
    },
  };
  await using bob = await join({ address, name: "bob", handler: () => {} });
  const first = await join(options);
  await bob.publishAll(["1", "2", "3", "4"]);
  expect((await take(first, 3)).map(text)).toEqual(["1", "2", "3"]); // the third was not handled: the loop broke off
  await first.close();
  expect(stored?.last).toBe(first.position()?.last);
  await using second = await join(options);
  expect((await take(second, 2)).map(text)).toEqual(["3", "4"]);
  expect(second.member).toBe(first.member);
});

it("B11: a second connection of the same session takes it over, and the first does not come back", async () => {
  await using server = await serve();
  const { address } = server;
  const first = await join({ address, name: "ada" });
  const position = first.position();
  await using second = await join({ address, name: "ada", loadPosition: () => position });
  await expect(first.ended).rejects.toMatchObject({ code: "TAKEN_OVER" });
  await expect(take(first, 1)).rejects.toMatchObject({ code: "TAKEN_OVER" });
  await expect(first.publish("late")).rejects.toMatchObject({ code: "ENDED" });
  expect(second.member).toBe(first.member);
  await second.publish("still here");
});

it("B15: a message above the limit is refused by its own promise, and those around it are not", async () => {
  await using server = await serve({ maxMessageBytes: 100 });
  await using ada = await join({ address: server.address, name: "ada" });
  const results = await Promise.allSettled([
    ada.publish("before"),
    ada.publish(new Uint8Array(101)),
    ada.publish("behind"),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { code: "TOO_BIG", name: "PublishError" } });
  expect((await take(ada, 2)).map(text)).toEqual(["before", "behind"]);
});

it("an observer may not publish, and is no member", async () => {
  await using server = await serve();
  await using eve = await join({ address: server.address, observer: true });
  expect([eve.member, eve.members()]).toEqual([0, []]);
  await expect(eve.publish("hello")).rejects.toMatchObject({ code: "OBSERVER", name: "LocalProtocolError" });
});

it("B29, B33: a server that closes says so, and its clients come to the one that stands there next", async () => {
  const server = await serve();
  const { address } = server;
  const statuses: string[] = [];
  await using ada = await join({
    address,
    name: "ada",
    handler: () => {},
    backoffMs: 1,
    onNotice: (notice) => void (notice.type === "welcome" && statuses.push(notice.status)),
  });
  const lost = next(ada, "disconnected");
  const [, notice] = await Promise.all([server.close(), lost]);
  expect(notice.why).toContain("SHUTDOWN");
  const epoch = next(ada, "epoch");
  await using _again = await serve({ port: Number(address.split(":")[1]) });
  await epoch;
  expect(statuses).toEqual(["fresh", "new epoch"]);
  await ada.publish("on the new one");
});

it("B37: a handler that throws ends the room, with its error as the cause", async () => {
  await using server = await serve();
  await using ada = await join({
    address: server.address,
    name: "ada",
    handler: () => {
      throw new Error("not this");
    },
  });
  await ada.publish("hello");
  await expect(ada.ended).rejects.toMatchObject({ code: "APPLICATION", cause: { message: "not this" } });
});

it("a signal ends a join that goes on, and a room that stands", async () => {
  await using server = await serve();
  const { address } = server;
  await server.close();
  const joining = new AbortController();
  const trying = join({ address, name: "ada", signal: joining.signal });
  joining.abort(new Error("enough"));
  await expect(trying).rejects.toThrow("enough");

  await using other = await serve();
  const standing = new AbortController();
  const room = await join({ address: other.address, name: "ada", signal: standing.signal });
  const waiting = take(room, 1);
  standing.abort(new Error("enough now"));
  await expect(waiting).rejects.toThrow("enough now");
  await expect(room.ended).rejects.toThrow("enough now");
  await expect(join({ address, name: "ada", signal: standing.signal })).rejects.toThrow("enough now");
});

it("B33: join gives up after so many attempts", async () => {
  const server = await serve();
  await server.close();
  const joining = join({ address: server.address, name: "ada", maxAttempts: 2, backoffMs: 1 });
  await expect(joining).rejects.toMatchObject({ code: "UNREACHABLE", name: "ClosedError" });
});

it("B33: an address that is a function is asked before each attempt, so the room follows its server elsewhere", async () => {
  const folder = temporaryFolder();
  const first = await serve({ log: levelLog({ folder }) });
  let where: string | undefined;
  const whys: string[] = [];
  await using room = await join({
    address: () => where,
    name: "ada",
    backoffMs: 1,
    onNotice: (notice) => {
      if (notice.type !== "disconnected") return;
      whys.push(notice.why);
      if (whys.length === 1) where = "nowhere";
      if (whys.length === 2) where = first.address;
    },
  });
  expect(whys).toEqual([
    "nobody knows where the server is",
    expect.stringMatching(/^address is "nowhere", but must be/),
  ]);
  await room.publish("1");
  const back = next(room, "welcome");
  await first.close();
  await using second = await serve({ log: levelLog({ folder, lockWaitMs: 10_000 }) });
  where = second.address;
  expect(await back).toMatchObject({ status: "resumed" });
  await room.publish("2");
  expect((await take(room, 2)).map(text)).toEqual(["1", "2"]);
});

it("B33: attempts without an address count", async () => {
  const options = { address: () => undefined, name: "ada", backoffMs: 1, maxAttempts: 3 };
  await expect(join(options)).rejects.toMatchObject({ code: "UNREACHABLE" });
});
