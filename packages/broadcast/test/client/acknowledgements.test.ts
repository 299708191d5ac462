/** What a client acknowledges, and how it keeps what waits for its application bounded. */
import { describe, expect, it } from "vitest";
import { message, Scripted } from "./scripted.js";

const acks = (client: Scripted) => client.takeSaid().flatMap((one) => (one.type === "ack" ? [one.last] : []));
const texts = (count: number) => Array.from({ length: count }, (_, index) => message(String(index)));

describe("B20: acknowledgements", () => {
  it("at once after so many, else after a time, and never of what was not handled", () => {
    const client = new Scripted();
    client.open({ ackEvery: 4, ackAfterMs: 20 });
    client.batch(1, ...texts(10));
    client.tell({ type: "handled", upTo: 3 });
    expect(acks(client)).toEqual([]);
    client.tell({ type: "handled", upTo: 4 });
    expect(acks(client)).toEqual([4]);
    client.tell({ type: "handled", upTo: 5 });
    expect(client.machine.nextDeadline()).toBe(client.now + 20);
    client.now += 10;
    client.tell({ type: "handled", upTo: 6 });
    client.now += 9;
    client.tell({ type: "tick" });
    expect(acks(client)).toEqual([]);
    client.now += 1;
    client.tell({ type: "tick" });
    expect(acks(client)).toEqual([6]);
  });

  it.each([
    [1, 1],
    [5, 2],
    [16_384, 64],
  ])("with a window of %s it acknowledges every %s", (window, every) => {
    const client = new Scripted({ window });
    client.open();
    client.batch(1, ...texts(100));
    for (let upTo = 1; upTo < every; upTo++) client.tell({ type: "handled", upTo });
    expect(acks(client)).toEqual([]);
    client.tell({ type: "handled", upTo: every });
    expect(acks(client)).toEqual([every]);
  });

  it("a gap behind what was handled counts as handled, one behind what was not waits for it", () => {
    const client = new Scripted({ window: 1 });
    client.open();
    client.server({ type: "gap", from: 1, to: 3, reason: "slow" });
    expect(client.machine.view().handled).toBe(3);
    client.batch(4, message("d"));
    client.server({ type: "gap", from: 5, to: 8, reason: "slow" });
    expect(client.machine.view().handled).toBe(3);
    client.tell({ type: "handled", upTo: 4 });
    expect(client.machine.view().handled).toBe(8);
  });

  it("what is handled of an epoch that ended is not acknowledged in the next", () => {
    const client = new Scripted({ window: 1 });
    client.open();
    client.batch(1, ...texts(5));
    client.tell({ type: "handled", upTo: 2 });
    client.cut();
    client.open({ status: "new epoch", epoch: 8, head: 3, resumeFrom: 2 });
    client.batch(2, message("b"), message("c"));
    client.takeSaid();
    client.tell({ type: "handled", upTo: 5 });
    expect(acks(client)).toEqual([]);
    expect(client.machine.view().handled).toBe(1);
    client.tell({ type: "handled", upTo: 3 });
    expect(acks(client)).toEqual([3]);
  });

  it("what was not delivered can not be handled: the caller's mistake", () => {
    const client = new Scripted();
    client.open();
    expect(() => client.tell({ type: "handled", upTo: 1 })).toThrow(RangeError);
  });

  it("B35: a lag is told when it passes lagNotice, and when it is over", () => {
    const client = new Scripted({ lagNotice: 3, start: "all" });
    const lags = () =>
      client.take().flatMap((one) => (one.type === "notice" && one.notice.type === "lag" ? [one.notice.behind] : []));
    client.open({ head: 4 });
    expect(lags()).toEqual([4]);
    client.batch(1, ...texts(4));
    client.tell({ type: "handled", upTo: 3 });
    expect(lags()).toEqual([]);
    client.tell({ type: "handled", upTo: 4 });
    expect(lags()).toEqual([0]);
  });
});

describe("B21: what was handled before is said again", () => {
  it("right behind the WELCOME of the epoch that it was in, at once and even where it is nothing", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, ...texts(5));
    client.tell({ type: "handled", upTo: 2 });
    client.cut();
    client.connect();
    client.takeSaid();
    client.welcome({ status: "resumed", head: 7, resumeFrom: 6 });
    expect(client.takeSaid()).toEqual([{ type: "ack", last: 2, window: 16_384 }]);
    client.tell({ type: "handled", upTo: 4 });
    expect(client.machine.nextDeadline()).toBe(client.now + 20);
    client.wake();
    expect(acks(client)).toEqual([4]);
    client.cut();
    client.open({ status: "gap", head: 9, firstRetained: 8, resumeFrom: 8 });
    expect(acks(client)).toEqual([4]);
    client.tell({ type: "handled", upTo: 5 });
    client.wake();
    expect(acks(client)).toEqual([7]); // with the gap
  });

  it("and not behind one that begins a new epoch: nothing of that was delivered", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, ...texts(5));
    client.cut();
    client.open({ status: "new epoch", epoch: 8, head: 9, resumeFrom: 6 });
    expect(acks(client)).toEqual([]);
  });
});

describe("B35: what waits for the application", () => {
  const windows = (client: Scripted) =>
    client.takeSaid().flatMap((one) => (one.type === "ack" ? [`${one.last} ${one.window}`] : []));
  const big = (count: number) => Array.from({ length: count }, () => message("x".repeat(36))); // 100 bytes each

  it("above the bound the window is shut, and at half of it opened again; the connection is read all the while", () => {
    const client = new Scripted({ maxQueuedBytes: 1_000, window: 50 });
    client.open();
    for (let number = 1; number <= 10; number++) client.batch(number, ...big(1));
    expect(windows(client)).toEqual([]);
    client.batch(11, ...big(2));
    expect(windows(client)).toEqual(["0 1"]);
    client.tell({ type: "handled", upTo: 5 });
    client.wake();
    expect(windows(client)).toEqual(["5 1"]);
    client.tell({ type: "handled", upTo: 6 });
    client.wake();
    expect(windows(client)).toEqual(["6 1"]);
    client.tell({ type: "handled", upTo: 7 });
    expect(windows(client)).toEqual(["7 50"]);
    expect(client.take().map(({ type }) => type)).not.toContain("pause");
  });

  it("a PUBACK comes through while too much waits", () => {
    const client = new Scripted({ maxQueuedBytes: 100 });
    client.open();
    client.batch(1, ...big(5));
    client.publish(1, "from inside the loop");
    client.server({ type: "puback", clientSeq: 1, number: 6, code: "ok" });
    expect(client.take()).toContainEqual({ type: "published", id: 1, number: 6 });
  });

  it("who comes back with too much says so in its HELLO, and opens the window there when less waits", () => {
    const client = new Scripted({ maxQueuedBytes: 1_000 });
    client.open();
    client.batch(1, ...big(12));
    client.cut();
    client.takeSaid();
    client.connect();
    expect(client.takeSaid()).toMatchObject([{ type: "hello", window: 1 }]);
    client.tell({ type: "handled", upTo: 12 });
    client.welcome({ status: "resumed", head: 12, resumeFrom: 13 });
    expect(windows(client)).toEqual(["12 16384"]);
  });

  it("the window waits until the connection has taken what was sent", () => {
    const client = new Scripted({ maxQueuedBytes: 100 });
    client.open();
    client.tell({ type: "full", attempt: 1 });
    client.batch(1, ...big(5));
    expect(windows(client)).toEqual([]);
    client.tell({ type: "drained", attempt: 1 });
    expect(windows(client)).toEqual(["0 1"]);
  });

  it("a server that goes on all the same is not read from, until half of the bound waits", () => {
    const client = new Scripted({ maxQueuedBytes: 1_000, window: 10 });
    client.open();
    const frame = 4_000_000;
    let number = 0;
    for (let sent = 0; sent + frame <= 16_777_216; sent += frame) client.batch(++number, message("x".repeat(frame)));
    expect(client.take().map(({ type }) => type)).not.toContain("pause");
    client.batch(++number, message("x".repeat(frame)));
    expect(client.take().at(-1)).toEqual({ type: "pause", attempt: 1 });
    client.tell({ type: "handled", upTo: number - 1 });
    expect(client.take().map(({ type }) => type)).not.toContain("resume");
    client.tell({ type: "handled", upTo: number });
    expect(client.take()).toContainEqual({ type: "resume", attempt: 1 });
  });

  it("until the application asks for something, no entry counts for the window, and maxQueuedBytes holds", () => {
    const client = new Scripted({ maxQueuedBytes: 1_000, window: 2 });
    client.tell({ type: "start", unasked: true });
    client.attempt = 1;
    client.connect();
    expect(client.takeSaid()).toMatchObject([{ type: "hello", window: 1_000_000 }]);
    client.welcome();
    client.batch(1, ...big(9));
    expect(windows(client)).toEqual([]);
    client.batch(10, ...big(2));
    expect(windows(client)).toEqual(["0 1"]);
    client.tell({ type: "handled", upTo: 9 });
    expect(windows(client)).toEqual(["9 1000000"]);
    client.tell({ type: "asked" });
    expect(windows(client)).toEqual(["9 2"]);
  });
});
