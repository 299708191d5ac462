/** What the application is given: the log in order, each entry once, whatever the server says. */
import { describe, expect, it } from "vitest";
import type { Entry, Message } from "../../src/core/index.js";
import { message, Scripted, utf8 } from "./scripted.js";

const join = (member: number, name: string): Entry => ({ kind: "join", member, clientSeq: 0, bytes: utf8(name) });
const leave = (member: number, reason = 0): Entry => ({
  kind: "leave",
  member,
  clientSeq: 0,
  bytes: Uint8Array.of(reason),
});

describe("B30: entries are delivered in the order of their numbers, each once", () => {
  it("a BATCH that begins at or below the last is cut, one that is wholly below is nothing", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("a"), message("b"));
    client.batch(1, message("x"), message("y"));
    client.batch(2, message("z"), message("c"));
    expect(client.story()).toEqual(["1:a", "2:b", "3:c"]);
  });

  it("several BATCHes of one read are one delivery", () => {
    const client = new Scripted();
    client.open();
    client.take();
    client.server(
      { type: "batch", first: 1, entries: [message("a")] },
      { type: "batch", first: 2, entries: [message("b")] },
    );
    expect(client.take().map(({ type }) => type)).toEqual(["deliver"]);
  });

  it("B4: one that leaves something out is a fault: nothing of it is delivered, and the client comes back for the rest", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("a"));
    client.batch(3, message("c"));
    expect(client.outputs.map(({ type }) => type)).toContain("disconnect");
    expect(client.story()).toEqual(["1:a"]);
    client.wake();
    client.connect();
    expect(client.takeSaid().at(-1)).toMatchObject({ type: "hello", epoch: 7, last: 1 });
    client.welcome({ status: "resumed", head: 3, resumeFrom: 2 });
    client.batch(2, message("b"), message("c"));
    expect(client.story()).toEqual(["2:b", "3:c"]);
  });

  it("a GAP covers what is left out, is told in its place, and what is below it is cut", () => {
    const client = new Scripted();
    client.open();
    client.server(
      { type: "batch", first: 1, entries: [message("a")] },
      { type: "gap", from: 2, to: 4, reason: "slow" },
      { type: "gap", from: 1, to: 3, reason: "retention" },
      { type: "batch", first: 4, entries: [message("d"), message("e")] },
    );
    expect(client.story()).toEqual(["1:a", "[gap 2-4 slow]", "5:e"]);
  });

  it("a GAP that begins behind what was delivered is a fault", () => {
    const client = new Scripted();
    client.open();
    client.server({ type: "gap", from: 2, to: 4, reason: "slow" });
    expect(client.story()).toEqual([]);
    expect(client.machine.view().phase).not.toBe("open");
  });

  it("a resumption with a gap is told before what follows it", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("a"));
    client.cut();
    client.open({ status: "gap", head: 9, firstRetained: 7, resumeFrom: 7 });
    client.batch(7, message("g"));
    expect(client.story()).toEqual(["1:a", "[gap 2-6 retention]", "7:g"]);
  });

  it("B26: a new epoch is told in its place, and its numbers begin where it says", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("a"), message("b"), message("c"));
    client.cut();
    client.open({ status: "new epoch", epoch: 8, head: 2, resumeFrom: 2 });
    client.batch(2, message("B"));
    expect(client.story()).toEqual(["1:a", "2:b", "3:c", "[epoch 7>8 from 2]", "2:B"]);
  });

  it("an expired session is told, and entries go on where they were", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("a"));
    client.cut();
    client.open({ status: "expired", member: 5, token: new Uint8Array(16).fill(9), head: 3, resumeFrom: 2 });
    client.batch(2, message("b"));
    expect(client.story()).toEqual(["1:a", "[expired]", "2:b"]);
    expect(client.machine.view().member).toBe(5);
  });

  it.each<readonly [string, object]>([
    ["resumed that leaves something out", { status: "resumed", head: 5, resumeFrom: 4 }],
    ["resumed that repeats", { status: "resumed", head: 5, resumeFrom: 2 }],
    ["resumed in another epoch", { status: "resumed", epoch: 8, head: 5, resumeFrom: 3 }],
    ["gap without one", { status: "gap", head: 5, resumeFrom: 3 }],
    ["new epoch that is the old one", { status: "new epoch", head: 5, resumeFrom: 1 }],
    ["fresh, where an epoch was named", { status: "fresh", head: 5, resumeFrom: 1 }],
    ["one that goes on behind its head", { status: "gap", head: 5, resumeFrom: 7 }],
    ["one of an observer", { status: "resumed", head: 5, resumeFrom: 3, member: 0 }],
    ["one that forgot what it acknowledged", { status: "resumed", head: 5, resumeFrom: 3, lastClientSeq: 0 }],
    ["one that knows what was not said", { status: "resumed", head: 5, resumeFrom: 3, lastClientSeq: 2 }],
  ])("a WELCOME that can not be true is a fault, and changes nothing: %s", (_name, lie) => {
    const client = new Scripted();
    client.open();
    client.publish(1, "mine");
    client.batch(1, message("mine", 1), message("b"));
    client.server({ type: "puback", clientSeq: 1, number: 1, code: "ok" });
    client.cut();
    client.take();
    client.open({ lastClientSeq: 1, lastNumber: 1, ...lie });
    expect(client.machine.view()).toMatchObject({ epoch: 7, delivered: 2, member: 1 });
    expect(client.machine.view().phase).not.toBe("open");
    expect(client.story()).toEqual([]);
  });

  it("B4: garbage in the middle of a BATCH delivers nothing of it", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("a"), { kind: "leave", member: 2, clientSeq: 0, bytes: Uint8Array.of(7) });
    expect(client.story()).toEqual([]);
    expect(client.machine.view()).toMatchObject({ delivered: 0 });
  });
});

describe("B31: snapshots", () => {
  const piece = (upTo: number, chunk: number, isLast: boolean, text: string): Message => ({
    type: "snapshot",
    upTo,
    chunk,
    isLast,
    bytes: utf8(text),
  });

  it("come whole and in their place", () => {
    const client = new Scripted({ start: "snapshot" });
    client.open({ head: 5, resumeFrom: 5 });
    client.server(piece(4, 0, false, "st"), piece(4, 1, true, "ate"));
    client.batch(5, message("e"));
    expect(client.story()).toEqual(["[snapshot 4 state]", "5:e"]);
  });

  it("one that a cut interrupts is asked for again", () => {
    const client = new Scripted({ start: "snapshot" });
    client.open({ head: 5, resumeFrom: 5 });
    client.server(piece(4, 0, false, "st"));
    client.cut();
    client.takeSaid();
    client.connect();
    expect(client.takeSaid()).toMatchObject([{ type: "hello", epoch: 0, last: 0, start: "snapshot", token: { 0: 1 } }]);
    client.welcome({ head: 6, resumeFrom: 7 });
    client.server(piece(6, 0, true, "later"));
    expect(client.story()).toEqual(["[snapshot 6 later]"]);
  });

  it.each<readonly [string, Message[]]>([
    ["a piece that is not the next", [piece(4, 1, false, "x")]],
    ["a piece of another one", [piece(4, 0, false, "x"), piece(3, 1, true, "y")]],
    ["entries between two pieces", [piece(4, 0, false, "x"), { type: "batch", first: 5, entries: [message("e")] }]],
    ["a number that was not reached", [piece(5, 0, true, "x")]],
    ["a number that was passed: what is between would be missing", [piece(3, 0, true, "x")]],
    ["more bytes than are taken", [piece(4, 0, false, "12345"), piece(4, 1, true, "6789")]],
    ["pieces of nothing", [piece(4, 0, false, "")]],
  ])("is a fault: %s", (_name, messages) => {
    const client = new Scripted({ start: "snapshot", maxSnapshotBytes: 8 });
    client.open({ head: 5, resumeFrom: 5 });
    client.server(...messages);
    expect(client.machine.view().phase).not.toBe("open");
    expect(client.story()).toEqual([]);
  });
});

describe("B10: who is joined, and what senders are called", () => {
  it("entries above the head change the members, those below it the names alone", () => {
    const client = new Scripted({ start: "all" });
    client.open({ head: 4, members: [{ member: 1, name: "a" }, { member: 3, name: "c" }] }); // biome-ignore format: one line
    client.batch(1, join(2, "b"), message("x", 2), leave(2), join(1, "a"), join(4, "d"), message("y", 4), leave(3, 1));
    const outputs = client.take();
    const names = outputs.flatMap((one) => (one.type === "deliver" ? one.entries : [])).map(({ name }) => name);
    expect(names).toEqual(["b", "b", "b", "a", "d", "d", "c"]);
    expect(client.machine.view().members).toEqual([
      { member: 1, name: "a" },
      { member: 4, name: "d" },
    ]);
    client.outputs = outputs;
    expect(client.story()).toEqual([
      ...["1:join", "[join 2 b]", "2:x", "3:leave", "[leave 2 b]", "4:join", "[join 1 a]"],
      ...["5:join", "[join 4 d]", "6:y", "7:leave", "[leave 3 c]"],
    ]);
  });

  it("a sender that nobody introduced has no name", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("x", 9));
    expect(client.take().at(-1)).toMatchObject({ type: "deliver", entries: [{ member: 9, name: "" }] });
  });
});

describe("B36: the own messages", () => {
  it.each([
    [true, false],
    [false, true],
  ])("with echo %s they are marked, and silent: %s", (echo, silent) => {
    const client = new Scripted({ echo });
    client.open();
    client.batch(1, message("mine", 1), message("theirs", 2));
    expect(client.take().at(-1)).toMatchObject({
      type: "deliver",
      entries: [
        { own: true, silent },
        { own: false, silent: false },
      ],
    });
    client.tell({ type: "handled", upTo: 2 });
    expect(client.machine.view().handled).toBe(2);
  });
});

describe("B36: what was there before", () => {
  /** Numbers, each with whether it was there. */
  const pastOf = (client: Scripted): string[] =>
    client
      .take()
      .flatMap((output) => (output.type === "deliver" ? output.entries : []))
      .map(({ number, past }) => `${number} ${past ? "past" : "new"}`);
  const run = (count: number) => Array.from({ length: count }, (_, index) => message("x", 2, index + 1));

  it.each([
    ["entries of several", [message("a"), message("b", 3), message("c")], ["1 past", "2 past", "3 new"]],
    ["with a join", [message("a"), { ...message("b", 4), kind: "join", clientSeq: 0 }, message("c")], undefined],
    ["a run of one sender", run(9), ["1 past", "2 past", ...[3, 4, 5, 6, 7, 8, 9].map((number) => `${number} new`)]],
  ] as const)("is marked up to the head of the first WELCOME: %s", (_, entries, marked) => {
    const client = new Scripted({ start: "all" });
    client.open({ head: 2 });
    client.batch(1, ...entries);
    expect(pastOf(client)).toEqual(marked ?? ["1 past", "2 past", "3 new"]);
  });

  it("is no more for a reconnection, whose head is higher; in another epoch nothing is known of it", () => {
    const client = new Scripted({ start: "all" });
    client.open({ head: 2 });
    client.batch(1, message("a"));
    client.cut();
    client.open({ status: "resumed", head: 4, resumeFrom: 2 });
    client.batch(2, message("b"), message("c"), message("d"));
    expect(pastOf(client)).toEqual(["1 past", "2 past", "3 new", "4 new"]);
    client.cut();
    client.open({ status: "new epoch", epoch: 8, head: 2, resumeFrom: 1 });
    client.batch(1, message("A"), message("B"));
    expect(pastOf(client)).toEqual(["1 new", "2 new"]);
  });
});

describe("B30: a long BATCH of one sender", () => {
  const long = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => message(`m${first + index}`, 1, first + index));

  it("is put out as runs, whose entries are those that a short one has", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, ...long(1, 20));
    const [given] = client.take().filter(({ type }) => type === "deliver");
    if (given?.type !== "deliver") throw new Error("nothing was delivered");
    expect(given.runs).toHaveLength(1);
    expect(given.entries.map(({ number, clientSeq }) => [number, clientSeq])).toEqual(
      Array.from({ length: 20 }, (_, index) => [index + 1, index + 1]),
    );
    const one = new Scripted();
    one.open();
    for (const [index, entry] of long(1, 20).entries()) one.batch(index + 1, entry);
    expect(one.take().flatMap((output) => (output.type === "deliver" ? output.entries : []))).toEqual(given.entries);
    client.tell({ type: "handled", upTo: 20 });
    expect(client.machine.view()).toMatchObject({ delivered: 20, handled: 20, unhandledBytes: 0 });
  });

  it("stands in its place between short ones, and is cut where it repeats", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, ...long(1, 2));
    client.batch(3, ...long(3, 9));
    client.batch(10, ...long(10, 9));
    client.batch(19, ...long(19, 1));
    expect(client.story()).toEqual(Array.from({ length: 19 }, (_, index) => `${index + 1}:m${index + 1}`));
  });
});
