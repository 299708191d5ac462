/** What an application is given, one at a time and in order, and when it counts as handled (docs/broadcast.md B20, B30, B37). */
import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Delivered, Notice } from "../../src/core/client-contract.js";
import { MessageRun } from "../../src/core/message-run.js";
import { Inbox } from "../../src/node/inbox.js";

const entry = (number: number, kind: Delivered["kind"] = "message"): Delivered => ({
  number,
  kind,
  member: 1,
  name: "ada",
  clientSeq: number,
  bytes: new Uint8Array(),
  own: false,
  silent: kind !== "message",
  past: false,
});
const entries = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => entry(first + i));
const gap: Notice = { type: "gap", from: 3, to: 5, reason: "slow" };

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}
function deferred(): Deferred {
  let settle: Omit<Deferred, "promise"> | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Omit<Deferred, "promise">) };
}

function setUp(
  handler: ((entry: Delivered) => void | Promise<void>) | undefined,
  save: (upTo: number) => void | Promise<void> = () => {},
  maxUnaskedBytes?: number,
) {
  const log: string[] = [];
  const inbox = new Inbox({
    handler:
      handler &&
      ((one) => {
        log.push(`entry ${one.number}`);
        return handler(one);
      }),
    isWanted: ({ kind }) => kind === "message",
    maxUnaskedBytes,
    asked: () => {
      if (maxUnaskedBytes !== undefined) log.push("asked");
    },
    notice: (one) => log.push(one.type === "gap" ? `gap ${one.from}-${one.to}` : one.type),
    save: (upTo) => {
      log.push(`save ${upTo}`);
      return save(upTo);
    },
    handled: (upTo) => log.push(`handled ${upTo}`),
    failed: (what, error) => log.push(`${what} failed: ${(error as Error).message}`),
  });
  return { inbox, log };
}

it("B20: a handler that returns nothing is called for a whole batch, which is then handled at once", () => {
  const { inbox, log } = setUp(() => {});
  inbox.push(entries(1, 3));
  expect(log).toEqual(["entry 1", "entry 2", "entry 3", "save 3", "handled 3"]);
});

it("B20, B37: the next message waits for the handler's promise and for savePosition, and the acknowledgement for both", async () => {
  const handling = deferred();
  const saving = deferred();
  const waits = [handling.promise, undefined];
  const saves = [saving.promise];
  const { inbox, log } = setUp(
    () => waits.shift(),
    () => saves.shift(),
  );
  inbox.push(entries(1, 2));
  await turn();
  expect(log).toEqual(["entry 1"]);
  handling.resolve();
  await turn();
  expect(log).toEqual(["entry 1", "save 1"]);
  saving.resolve();
  await turn();
  expect(log).toEqual(["entry 1", "save 1", "entry 2", "save 2", "handled 2"]);
});

it("B30: a notice comes in its place, behind what was handled before it", async () => {
  const handling = deferred();
  const waits = [undefined, handling.promise];
  const { inbox, log } = setUp(() => waits.shift());
  inbox.push(entries(1, 2));
  inbox.push(gap);
  inbox.push([entry(6)]);
  handling.resolve();
  await turn();
  expect(log).toEqual(["entry 1", "entry 2", "save 2", "handled 2", "gap 3-5", "entry 6", "save 6", "handled 6"]);
});

it("B36: entries that the application does not want are handled by being passed", () => {
  const { inbox, log } = setUp(() => {});
  inbox.push([entry(1, "join"), entry(2, "marker")]);
  expect(log).toEqual(["save 2", "handled 2"]);
});

it("B37: a handler that fails ends it: its message is not handled, those before it are, and nothing more is given", async () => {
  for (const how of ["throws", "rejects"]) {
    const { inbox, log } = setUp(({ number }) => {
      if (number !== 3) return;
      if (how === "throws") throw new Error("no");
      return Promise.reject(new Error("no"));
    });
    inbox.push(entries(1, 4));
    inbox.push(entries(5, 6));
    await turn();
    inbox.end({ error: new Error("ended") });
    await turn();
    expect(log.filter((line) => line.startsWith("entry"))).toEqual(["entry 1", "entry 2", "entry 3"]);
    expect(log).toContain("handler failed: no");
    expect(log.filter((line) => line.startsWith("handled"))).toEqual(["handled 2"]);
  }
});

it("B37: a position that cannot be saved is not acknowledged, and nothing more is given", async () => {
  const { inbox, log } = setUp(
    () => {},
    () => Promise.reject(new Error("full disk")),
  );
  inbox.push(entries(1, 2));
  inbox.push(entries(3, 4));
  await turn();
  inbox.push(entries(5, 6));
  await turn();
  expect(log).toEqual(["entry 1", "entry 2", "save 2", "savePosition failed: full disk"]);
});

it("B20, B37: a message of a loop is handled when the loop asks for the next", async () => {
  const { inbox, log } = setUp(undefined);
  inbox.push(entries(1, 2));
  await turn();
  expect(log).toEqual([]);
  expect((await inbox.next()).value?.number).toBe(1);
  await turn();
  expect(log).toEqual([]);
  expect((await inbox.next()).value?.number).toBe(2);
  await turn();
  expect(log).toEqual(["save 1", "handled 1"]);
  inbox.takeBack();
  expect(log.at(-1)).toBe("save 2");
});

it("B20: a loop that takes many within a turn is acknowledged once", async () => {
  const { inbox, log } = setUp(undefined);
  inbox.push(entries(1, 50));
  for (let taken = 0; taken < 50; taken++) await inbox.next();
  await turn();
  expect(log.filter((line) => line.startsWith("handled"))).toEqual(["handled 49"]);
});

it("a loop that waits is given what comes, and notices on the way", async () => {
  const { inbox, log } = setUp(undefined);
  const next = inbox.next();
  inbox.push([entry(1, "join")]);
  inbox.push(gap);
  expect(log).toEqual(["save 1", "handled 1", "gap 3-5"]);
  inbox.push([entry(6)]);
  expect((await next).value?.number).toBe(6);
});

it("a loop that comes back goes on behind the message that it had, which counts as handled", async () => {
  const { inbox, log } = setUp(undefined);
  inbox.push(entries(1, 2));
  await inbox.next();
  await turn();
  expect(log).toEqual([]); // the loop broke off: it may have thrown
  expect((await inbox.next()).value?.number).toBe(2);
  expect(log).toEqual(["save 1"]);
});

it("the end drops what nobody took, unless it is an error: that comes behind it", async () => {
  const left = setUp(undefined).inbox;
  left.push(entries(1, 2));
  left.end({});
  expect(await left.next()).toEqual({ done: true, value: undefined });
  const lost = setUp(undefined).inbox;
  lost.push(entries(1, 1));
  lost.end({ error: new Error("taken over") });
  expect((await lost.next()).value?.number).toBe(1);
  await expect(lost.next()).rejects.toThrow("taken over");
});

it("a loop that waits ends with the room, and two cannot wait at once", async () => {
  const { inbox } = setUp(undefined);
  const next = inbox.next();
  await expect(inbox.next()).rejects.toMatchObject({ code: "ITERATING" });
  inbox.end({});
  expect((await next).done).toBe(true);
});

it("a handler that leaves is given nothing more", () => {
  const { inbox, log } = setUp(({ number }) => {
    if (number === 2) inbox.end({});
  });
  inbox.push(entries(1, 5));
  expect(log.filter((line) => line.startsWith("entry"))).toEqual(["entry 1", "entry 2"]);
});

it("B35: what nobody asked for is dropped where it is too much, and told as a gap; what comes behind it is there for a loop", async () => {
  const { inbox, log } = setUp(undefined, () => {}, 4 * 64);
  inbox.push([entry(1, "join"), ...entries(2, 3)]);
  inbox.push({ type: "expired" });
  inbox.push(entries(4, 4));
  expect(log).toEqual(["save 1"]);
  inbox.push([...entries(5, 6), entry(7, "leave")]);
  expect(log.slice(1)).toEqual(["gap 2-3", "save 3", "handled 3", "expired", "gap 4-6", "save 7", "handled 7"]);
  inbox.push(entries(8, 9));
  expect((await inbox.next()).value?.number).toBe(8);
  expect((await inbox.next()).value?.number).toBe(9);
});

it("B35: a loop that began gets everything, however much waits, as does a room whose entries are asked for otherwise", async () => {
  const begun = setUp(undefined, () => {}, 64);
  const first = begun.inbox.next();
  expect(begun.log).toEqual(["asked"]);
  begun.inbox.push(entries(1, 9));
  expect((await first).value?.number).toBe(1);
  begun.inbox.push(entries(10, 19));
  const handled = setUp(() => new Promise(() => {}), undefined, 64);
  handled.inbox.push(entries(1, 9));
  const kept = setUp(undefined);
  kept.inbox.push(entries(1, 9));
  for (const { log } of [begun, handled, kept]) expect(log.filter((line) => line.startsWith("gap"))).toEqual([]);
  for (let number = 2; number <= 19; number++) expect((await begun.inbox.next()).value?.number).toBe(number);
});

/** The same messages as `entries` gives, as they come from a BATCH. */
function run(first: number, last: number, own = false): MessageRun {
  const count = last - first + 1;
  const view = new DataView(new ArrayBuffer(count * 18));
  for (let index = 0; index < count; index++) {
    view.setUint32(index * 18 + 9, first + index); // client seq
    view.setUint32(index * 18 + 13, 1);
    view.setUint8(index * 18 + 17, first + index);
  }
  return new MessageRun({ first, count, member: 1, name: "ada", own, silent: own, pastTo: 0 }, view, 0);
}

it("B20: several runs of messages are given one by one, in their order, and are handled together", () => {
  const given: Delivered[] = [];
  const { inbox, log } = setUp((one) => void given.push(one));
  inbox.push(run(1, 2), run(3, 4));
  expect(log).toEqual(["entry 1", "entry 2", "entry 3", "entry 4", "save 4", "handled 4"]);
  expect(given.map(({ number, clientSeq, bytes }) => [number, clientSeq, ...bytes])).toEqual(
    [1, 2, 3, 4].map((number) => [number, number, number]),
  );
});

it("B20, B30: a handler's promise holds up the rest of a run, and the gap behind it", async () => {
  const handling = deferred();
  const waits = [undefined, handling.promise];
  const { inbox, log } = setUp(() => waits.shift());
  inbox.push(run(0, 2));
  inbox.push(gap);
  expect(log).toEqual(["entry 0", "entry 1"]);
  handling.resolve();
  await turn();
  expect(log).toEqual(["entry 0", "entry 1", "save 1", "entry 2", "save 2", "handled 2", "gap 3-5"]);
});

it("B20: a loop takes a run one by one, each handled when it asks for the next", async () => {
  const { inbox, log } = setUp(undefined);
  inbox.push(run(1, 2));
  expect((await inbox.next()).value?.number).toBe(1);
  expect(log).toEqual([]);
  expect((await inbox.next()).value?.number).toBe(2);
  const end = inbox.next();
  expect(log).toEqual(["save 1", "save 2", "handled 2"]);
  inbox.end({});
  expect(await end).toEqual({ done: true, value: undefined });
});

it("B35: what nobody asks for is dropped of runs as well, and told as a gap", () => {
  const { inbox, log } = setUp(undefined, () => {}, 3 * 65);
  inbox.push(run(1, 2));
  expect(log).toEqual([]);
  inbox.push(run(3, 5));
  expect(log).toEqual(["gap 1-5", "save 5", "handled 5"]);
});
