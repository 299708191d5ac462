/** Being heard, and coming back: or not. */
import { describe, expect, it } from "vitest";
import { type ClientInput, type CloseCode, encode } from "../../src/core/index.js";
import { message, Scripted } from "./scripted.js";

const close = (code: CloseCode) => ({ type: "close", code, text: "" }) as const;
const ended = (client: Scripted) => client.take().find(({ type }) => type === "ended");

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
    const client = new Scripted({ maxQueuedBytes: 200, window: 1 });
    client.open({ heartbeatMs: 1_000 });
    client.batch(1, message("x".repeat(9_000_000)));
    client.batch(2, message("x".repeat(9_000_000)));
    expect(client.take().at(-1)).toEqual({ type: "pause", attempt: 1 });
    client.now += 60_000;
    client.tell({ type: "tick" });
    expect(client.machine.view().phase).toBe("open");
    client.tell({ type: "handled", upTo: 2 });
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
