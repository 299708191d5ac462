import { describe, expect, it } from "vitest";
import { ClientSession } from "../../src/core/client-session.js";
import type { Request } from "../../src/core/requests.js";
import { SessionHarness } from "./session-harness.js";

const stat = (name: string): Request => ({ type: "get_metadata", name });

describe("sending", () => {
  it("H30: one command is sent, and the next one waits for its reply", () => {
    const harness = new SessionHarness().input({ type: "connected" }).request(1, stat("a")).request(2, stat("b"));
    expect(harness.sent.map(({ id }) => id)).toEqual([1]);
    harness.bytes("0 OK\r\n1");
    expect(harness.sent.map(({ id }) => id)).toEqual([1]);
    harness.bytes("\r\n");
    expect(harness.sent.map(({ id }) => id)).toEqual([1, 2]);
    harness.bytes("202 FILE NOT FOUND\r\n");
    expect(harness.answer(1).reply).toEqual({ code: 0, text: "OK", size: 1 });
    expect(harness.answer(2).reply).toEqual({ code: 202, text: "FILE NOT FOUND" });
  });

  it("H30: with maxPipelined three are sent, and their replies may come in one piece", () => {
    const harness = new SessionHarness({ maxPipelined: 3 }).input({ type: "connected" });
    for (const id of [1, 2, 3, 4]) harness.request(id, stat(`f${id}`));
    expect(harness.sent.map(({ id }) => id)).toEqual([1, 2, 3]);
    harness.bytes("0 OK\r\n1\r\n0 OK\r\n2\r\n0 OK\r\n3\r\n");
    expect([1, 2, 3].map((id) => harness.answer(id).reply?.size)).toEqual([1, 2, 3]);
    expect(harness.sent.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  it("requests before the connection is made wait for it", () => {
    const harness = new SessionHarness().request(1, stat("a"));
    expect(harness.sent).toEqual([]);
    expect(harness.input({ type: "connected" }).sent).toHaveLength(1);
  });

  it("misuse by the caller throws: an impossible name or number, an id in use, a full queue, anything after quit", () => {
    const harness = new SessionHarness({ maxQueuedRequests: 2 });
    expect(() => harness.request(1, stat("../x"))).toThrow(/cannot be asked for over HFTP/);
    expect(() => harness.request(1, { type: "get_slice", name: "a", offset: -1, size: 1, raw: false })).toThrow(
      /offset/,
    );
    harness.request(1, stat("a"));
    expect(() => harness.request(1, stat("b"))).toThrow(/the id 1/);
    harness.request(2, { type: "quit" });
    expect(() => harness.request(3, stat("c"))).toThrow(/can follow quit/);
    const full = new SessionHarness({ maxQueuedRequests: 1 }).request(1, stat("a"));
    expect(() => full.request(2, stat("b"))).toThrow(/maxQueuedRequests/);
  });

  it("H40: wrong options are errors that name the option and what is accepted", () => {
    expect(() => new ClientSession({ maxPipelined: 0 }, 0)).toThrow(/maxPipelined is 0, .* from 1 to 1024/);
    expect(() => new ClientSession({ replyTimeoutMs: "9" as never }, 0)).toThrow(TypeError);
  });
});

describe("the end of a connection", () => {
  it("after a 1xx nothing more is sent or read, and what waited fails", () => {
    const harness = new SessionHarness().input({ type: "connected" }).request(1, stat("a")).request(2, stat("b"));
    harness.bytes("199 INTERNAL SERVER ERROR\r\n0 OK\r\n5\r\n");
    expect(harness.answer(1).reply?.code).toBe(199);
    expect(harness.answer(2).error).toMatchObject({ code: "CLOSED", message: expect.stringContaining("199") });
    expect(harness.ended).toBe(true);
    expect(harness.request(3, stat("c")).answer(3).error?.code).toBe("CLOSED");
    expect(harness.violations).toEqual([]);
  });

  it("after quit the connection is ended, and dropped where the server does not close it", () => {
    const harness = new SessionHarness({ lingerTimeoutMs: 500 }).input({ type: "connected" }, 100);
    harness.request(1, { type: "quit" }, 100).bytes("0 OK\r\n", 200);
    expect([harness.ended, harness.destroyed, harness.session.nextDeadline()]).toEqual([true, false, 700]);
    harness.input({ type: "tick" }, 700);
    expect([harness.destroyed, harness.session.nextDeadline()]).toEqual([true, undefined]);
  });

  it.each([
    ["before it answered", "", /closed the connection before it answered: get_metadata a/],
    ["in the middle of a reply", "0 OK\r\n1", /in the middle of its reply to: get_metadata a/],
  ])("a server that goes away %s fails what was asked", (_title, said, message) => {
    const harness = new SessionHarness().input({ type: "connected" }).request(1, stat("a")).request(2, stat("b"));
    harness.bytes(said).input({ type: "end" });
    expect(harness.answer(1).error).toMatchObject({ code: "CLOSED", message: expect.stringMatching(message) });
    expect(harness.answer(2).error?.code).toBe("CLOSED");
    expect(harness.destroyed).toBe(true);
  });

  it("a connection that was never made fails with CONNECT_FAILED and the reason", () => {
    const harness = new SessionHarness().request(1, stat("a")).input({ type: "closed", error: new Error("refused") });
    expect(harness.answer(1).error).toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringMatching(/refused/),
    });
  });

  it("an undecodable body voids what the same bytes completed behind it, and nothing before it", () => {
    const slice: Request = { type: "get_slice", name: "a", offset: 0, size: 3, raw: false };
    const harness = new SessionHarness({ maxPipelined: 4 }).input({ type: "connected" });
    for (const id of [1, 2, 3, 4]) harness.request(id, id === 1 ? stat("a") : slice);
    harness.bytes("0 OK\r\n3\r\n0 OK\r\nYW*j\r\n0 OK\r\nYWJj\r\n");
    expect(harness.answer(1)).toMatchObject({ reply: { size: 3 } });
    expect(harness.answer(1).error).toBeUndefined();
    for (const id of [2, 3, 4]) {
      expect(harness.answer(id).reply).toBeUndefined();
      expect(harness.answer(id).error?.name).toBe("RemoteProtocolError");
    }
    expect(harness.destroyed).toBe(true);
  });
});

describe("H40: timeouts", () => {
  const options = { connectTimeoutMs: 1000, replyTimeoutMs: 300 };

  it("a connection that is not made in connectTimeoutMs", () => {
    const harness = new SessionHarness(options).request(1, stat("a"), 0);
    expect(harness.session.nextDeadline()).toBe(1000);
    harness.input({ type: "tick" }, 999);
    expect(harness.destroyed).toBe(false);
    harness.input({ type: "tick" }, 1000);
    expect(harness.answer(1).error).toMatchObject({ code: "TIMEOUT", message: "no connection in 1000 ms" });
  });

  it("a first reply that does not begin in connectTimeoutMs", () => {
    const harness = new SessionHarness(options).input({ type: "connected" }, 400);
    expect(harness.session.nextDeadline()).toBeUndefined(); // idle: nobody waits
    harness.request(1, stat("a"), 500);
    expect(harness.session.nextDeadline()).toBe(1500);
    harness.input({ type: "tick" }, 1500);
    expect(harness.answer(1).error?.message).toBe("no reply in 1000 ms to: get_metadata a");
  });

  it("a reply that stands still for replyTimeoutMs; a trickle is progress", () => {
    const harness = new SessionHarness(options).input({ type: "connected" }, 0).request(1, stat("a"), 0);
    for (const [index, byte] of [..."0 OK\r\n12"].entries()) harness.bytes(byte, 200 * (index + 1));
    expect(harness.session.nextDeadline()).toBe(1600 + 300);
    harness.input({ type: "tick" }, 1900);
    expect(harness.answer(1).error?.message).toBe("not one more byte of the reply in 300 ms to: get_metadata a");
    expect(harness.destroyed).toBe(true);
  });

  it("while the application does not read no timeout runs, and it begins anew afterwards", () => {
    const harness = new SessionHarness(options).input({ type: "connected" }, 0).request(1, stat("a"), 0);
    harness.bytes("0 OK", 10).input({ type: "paused" }, 20);
    expect(harness.session.nextDeadline()).toBeUndefined();
    harness.input({ type: "tick" }, 5000).input({ type: "resumed" }, 9000);
    expect(harness.session.nextDeadline()).toBe(9300);
    harness.bytes("\r\n7\r\n", 9100);
    expect(harness.answer(1).reply?.size).toBe(7);
  });
});
