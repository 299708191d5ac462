/** Leaving a room, and ending without it. */
import { describe, expect, it } from "vitest";
import { decode, encode } from "../../src/core/index.js";
import { message, Scripted } from "./scripted.js";

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
