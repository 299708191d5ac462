/** Connecting, being heard, acknowledging, and coming back: or not. */
import { describe, expect, it } from "vitest";
import { type ClientInput, type CloseCode, decode, encode, macOf } from "../../src/core/index.js";
import { plainPlatform } from "./plain-platform.js";
import { message, Scripted, TOKEN } from "./scripted.js";

const close = (code: CloseCode) => ({ type: "close", code, text: "" }) as const;
const position = { clientId: "ab".repeat(16), token: "0102030405060708090a0b0c0d0e0f10", epoch: 7, last: 9 };
const ended = (client: Scripted) => client.take().find(({ type }) => type === "ended");

describe("B6, B8: the opening", () => {
  it("the first thing it says is a HELLO; without a token each is of somebody else", () => {
    const client = new Scripted({ start: "from", from: 5, window: 100, stable: true });
    client.connect();
    client.cut();
    client.connect();
    const [first, second] = client.takeSaid();
    expect(first).toMatchObject({
      type: "hello",
      observer: false,
      stable: true,
      room: "main",
      name: "a",
      epoch: 0,
      last: 0,
      start: "from",
      from: 5,
      window: 100,
      token: new Uint8Array(16),
    });
    expect(second).not.toMatchObject({ clientId: (first as { clientId: Uint8Array }).clientId });
  });

  it("B37: a position is said again, and goes on from the WELCOME", () => {
    const client = new Scripted();
    client.tell({ type: "start", position });
    client.attempt = 1;
    client.connect();
    expect(client.takeSaid()).toMatchObject([
      { type: "hello", clientId: new Uint8Array(16).fill(0xab), token: TOKEN, epoch: 7, last: 9 },
    ]);
    client.welcome({ status: "resumed", head: 10, resumeFrom: 10 });
    client.batch(10, message("j"));
    expect(client.story()).toEqual(["10:j"]);
    expect(client.machine.view()).toMatchObject({ clientId: position.clientId, token: position.token, epoch: 7 });
  });

  it.each([
    ["a short client id", { ...position, clientId: "ab" }],
    ["a token that is no number", { ...position, token: "x".repeat(32) }],
    ["epoch 0", { ...position, epoch: 0 }],
    ["half a number", { ...position, last: 0.5 }],
  ])("a position with %s is the caller's mistake", (_name, wrong) => {
    expect(() => new Scripted().tell({ type: "start", position: wrong })).toThrow(RangeError);
  });

  it("a CHALLENGE is answered with the mac of the HELLO", () => {
    const secret = new Uint8Array(16).fill(3);
    const client = new Scripted({ secret });
    client.connect();
    const nonce = new Uint8Array(32).fill(4);
    client.server({ type: "challenge", nonce });
    const [hello, auth] = client.takeSaid();
    const payload = encode(hello as NonNullable<typeof hello>).subarray(8);
    expect(auth).toEqual({ type: "auth", mac: macOf(plainPlatform(), secret, nonce, payload) });
    client.welcome();
    expect(client.machine.view().phase).toBe("open");
  });

  it("a client with a secret takes no WELCOME without a CHALLENGE, one without gives up when it is asked", () => {
    const client = new Scripted({ secret: new Uint8Array(16) });
    client.open();
    expect(client.machine.view().phase).not.toBe("open");
    const without = new Scripted();
    without.connect();
    without.server({ type: "challenge", nonce: new Uint8Array(32) });
    expect(ended(without)).toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("B4: what comes before its turn is a fault", () => {
    for (const early of [
      { type: "puback", clientSeq: 1, number: 1, code: "ok" },
      { type: "gap", from: 1, to: 2, reason: "slow" },
      { type: "stable", upTo: 1 },
      { type: "batch", first: 1, entries: [message("a")] },
      { type: "snapshot", upTo: 0, chunk: 0, isLast: true, bytes: new Uint8Array(1) },
    ] as const) {
      const client = new Scripted();
      client.connect();
      client.server(early);
      expect(
        client.outputs.map(({ type }) => type),
        early.type,
      ).toContain("disconnect");
      expect(client.story(), early.type).toEqual([]);
    }
    const twice = new Scripted();
    twice.open();
    twice.welcome();
    expect(twice.machine.view().phase).not.toBe("open");
  });

  it("B5: a frame above 16 MiB is a fault before any of it came", () => {
    const client = new Scripted();
    client.open();
    const header = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 1);
    client.tell({ type: "data", attempt: client.attempt, bytes: header });
    expect(client.machine.view().phase).not.toBe("open");
  });
});

describe("B33: coming back", () => {
  const waits = (client: Scripted) =>
    client
      .take()
      .flatMap((one) => (one.type === "notice" && one.notice.type === "disconnected" ? [one.notice.retryInMs] : []));

  it("waits twice as long each time, between half and all of it, up to the longest", () => {
    const client = new Scripted({ backoffMs: 50, maxBackoffMs: 500 });
    client.tell({ type: "start" });
    const most = [50, 100, 200, 400, 500, 500];
    for (const longest of most) {
      client.tell({ type: "disconnected", attempt: client.attempt, why: "refused" });
      const [wait = 0] = waits(client);
      expect(wait).toBeGreaterThanOrEqual(longest / 2);
      expect(wait).toBeLessThanOrEqual(longest);
      client.now += wait - 1;
      client.tell({ type: "tick" });
      expect(client.outputs, "not before its time").toEqual([]);
      client.now += 1;
      client.tell({ type: "tick" });
      expect(client.take()).toMatchObject([{ type: "connect" }]);
    }
  });

  it("the count begins anew with a connection that lasted, and with no other", () => {
    const client = new Scripted({ backoffMs: 50 });
    client.open();
    client.take();
    client.now += 199;
    client.tell({ type: "disconnected", attempt: client.attempt, why: "cut" });
    expect(waits(client)[0]).toBeGreaterThan(0);
    client.wake();
    client.open({ status: "resumed" });
    client.take();
    client.now += 200;
    client.tell({ type: "disconnected", attempt: client.attempt, why: "cut" });
    expect(client.outputs.map(({ type }) => type)).toEqual(["notice", "connect"]);
    expect(waits(client)).toEqual([0]);
  });

  it("two clients of different randomness do not wait alike", () => {
    const wait = (seed: number) => {
      const client = new Scripted({}, seed);
      client.tell({ type: "start" });
      client.tell({ type: "disconnected", attempt: 1, why: "refused" });
      return waits(client)[0];
    };
    expect(wait(1)).not.toBe(wait(2));
  });

  it("gives up after maxAttempts", () => {
    const client = new Scripted({ maxAttempts: 2 });
    client.tell({ type: "start" });
    client.cut();
    client.cut();
    expect(client.take().at(-1)).toEqual({ type: "ended", code: "UNREACHABLE", message: "cut" });
    expect(client.machine.nextDeadline()).toBeUndefined();
  });

  it.each<CloseCode>(["TAKEN_OVER", "UNAUTHORIZED", "BAD_MESSAGE", "FULL"])(
    "gives up where the first says %s",
    (code) => {
      const client = new Scripted();
      client.connect();
      client.server(close(code));
      expect(ended(client)).toMatchObject({ code });
    },
  );

  it.each<CloseCode>(["SLOW", "TOO_BIG", "BAD_SEQ", "SHUTDOWN", "FULL", "IDLE", "UNAVAILABLE"])(
    "comes back after %s from a server where it was welcome",
    (code) => {
      const client = new Scripted();
      client.open();
      client.server(close(code));
      expect(ended(client)).toBeUndefined();
      expect(client.machine.view().phase).not.toBe("ended");
      client.wake();
      expect(client.machine.view().attempt).toBe(2);
    },
  );

  it("B8: a token that is refused is given up once: the session was lost, the place in the log is not", () => {
    const client = new Scripted();
    client.open();
    client.publish(1, "a");
    client.batch(1, message("x"));
    client.server(close("UNAUTHORIZED"));
    client.wake();
    client.takeSaid();
    client.connect();
    expect(client.takeSaid()).toMatchObject([{ type: "hello", token: new Uint8Array(16), epoch: 7, last: 1 }]);
    client.welcome({ status: "resumed", head: 2, resumeFrom: 2, member: 3, token: new Uint8Array(16).fill(5) });
    const outputs = client.take();
    expect(outputs).toContainEqual({ type: "publishFailed", id: 1, code: "UNKNOWN_OUTCOME" });
    expect(outputs).toContainEqual({ type: "notice", notice: { type: "expired" } });
    client.cut();
    client.connect();
    client.server(close("UNAUTHORIZED"));
    client.wake();
    client.connect();
    client.server(close("UNAUTHORIZED"));
    expect(ended(client)).toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("what an old connection still says is not heard", () => {
    const client = new Scripted();
    client.open();
    const old = client.attempt;
    client.cut();
    client.open({ status: "resumed" });
    const late: ClientInput[] = [
      { type: "data", attempt: old, bytes: encode({ type: "batch", first: 1, entries: [message("late")] }) },
      { type: "disconnected", attempt: old, why: "late" },
      { type: "full", attempt: old },
    ];
    for (const input of late) client.tell(input);
    expect(client.story()).toEqual([]);
    expect(client.machine.view().phase).toBe("open");
  });
});

describe("B24: heartbeats", () => {
  it("says a PING when it said nothing, answers one, and ends a silence of three heartbeats", () => {
    const client = new Scripted();
    client.open({ heartbeatMs: 1_000 });
    client.takeSaid();
    client.now += 1_000;
    client.tell({ type: "tick" });
    expect(client.takeSaid()).toEqual([{ type: "ping", nonce: 1 }]);
    client.server({ type: "ping", nonce: 77 });
    expect(client.takeSaid()).toEqual([{ type: "pong", nonce: 77 }]);
    client.now += 2_999;
    client.tell({ type: "tick" });
    expect(client.machine.view().phase).toBe("open");
    client.now += 1;
    client.tell({ type: "tick" });
    expect(client.take().at(-2)).toMatchObject({
      type: "notice",
      notice: { why: "nothing was heard for three heartbeats" },
    });
  });

  it("a server that does not answer the HELLO is given up after three heartbeats of 5 s", () => {
    const client = new Scripted();
    client.connect();
    expect(client.machine.nextDeadline()).toBe(16_000);
  });

  it("a client that does not read for its own reasons does not call that silence", () => {
    const client = new Scripted({ maxQueuedBytes: 200 });
    client.open({ heartbeatMs: 1_000 });
    client.batch(1, message("x".repeat(150)));
    expect(client.take().at(-1)).toEqual({ type: "pause", attempt: 1 });
    client.now += 60_000;
    client.tell({ type: "tick" });
    expect(client.machine.view().phase).toBe("open");
    client.tell({ type: "handled", upTo: 1 });
    expect(client.take()).toContainEqual({ type: "resume", attempt: 1 });
    client.now += 2_999;
    client.tell({ type: "tick" });
    expect(client.machine.view().phase).toBe("open");
  });

  it("many PINGs of a server that does not read have one PONG", () => {
    const client = new Scripted();
    client.open();
    client.takeSaid();
    client.tell({ type: "full", attempt: 1 });
    for (let nonce = 1; nonce <= 100; nonce++) client.server({ type: "ping", nonce });
    expect(client.takeSaid()).toEqual([]);
    client.tell({ type: "drained", attempt: 1 });
    expect(client.takeSaid()).toEqual([{ type: "pong", nonce: 100 }]);
  });
});

describe("B20: acknowledgements", () => {
  const acks = (client: Scripted) => client.takeSaid().flatMap((one) => (one.type === "ack" ? [one.last] : []));
  const texts = (count: number) => Array.from({ length: count }, (_, index) => message(String(index)));

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

describe("B22: leaving", () => {
  it("acknowledges what was handled, says LEAVE, and ends, once what it published is acknowledged", () => {
    const client = new Scripted();
    client.open();
    client.batch(1, message("x"));
    client.tell({ type: "handled", upTo: 1 });
    client.publish(1, "a");
    client.takeSaid();
    client.tell({ type: "close", leave: true, waitMs: 1_000 });
    expect(client.takeSaid()).toEqual([]);
    client.publish(2, "b");
    expect(client.outputs.at(-1)).toEqual({ type: "publishFailed", id: 2, code: "LEFT" });
    client.server({ type: "puback", clientSeq: 1, number: 2, code: "ok" });
    expect(client.takeSaid()).toEqual([
      { type: "ack", last: 1, window: 16_384 },
      { type: "close", code: "LEAVE", text: "" },
    ]);
    expect(client.take().at(-1)).toEqual({ type: "ended" });
  });

  it("or when it waited long enough, wherever it is", () => {
    const client = new Scripted();
    client.open();
    client.publish(1, "a");
    client.cut();
    client.take();
    client.tell({ type: "close", leave: true, waitMs: 10 });
    client.now += 10;
    client.tell({ type: "tick" });
    expect(client.take().slice(-2)).toEqual([
      { type: "publishFailed", id: 1, code: "UNKNOWN_OUTCOME" },
      { type: "ended" },
    ]);
    expect(client.machine.nextDeadline()).toBeUndefined();
  });

  it("without leave it just ends: the session stays", () => {
    const client = new Scripted();
    client.open();
    client.takeSaid();
    client.tell({ type: "close", leave: false, waitMs: 0 });
    expect(client.takeSaid()).toEqual([]);
    expect(
      client
        .take()
        .slice(-2)
        .map(({ type }) => type),
    ).toEqual(["disconnect", "ended"]);
    client.tell({ type: "tick" });
    client.tell({ type: "data", attempt: 1, bytes: new Uint8Array(3) });
    expect(client.take()).toEqual([]);
  });
});

it("B2: what a client says when it leaves is a CLOSE that clients may say", () => {
  expect(decode(encode({ type: "close", code: "LEAVE", text: "" }).subarray(8), "client").type).toBe("close");
});
