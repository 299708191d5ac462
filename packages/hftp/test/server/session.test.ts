import { describe, expect, it } from "vitest";
import { Admission, ServerSession, type ServerSessionOptions } from "../../src/core/index.js";
import { brief, Conversation } from "./conversation.js";
import { MemoryDirectory } from "./memory-directory.js";

const BIG = new Uint8Array(1_000_000).fill(0x42);

function talk(options: ServerSessionOptions = {}): Conversation {
  const files = [["ten", Buffer.from("0123456789")] as const, ["big", BIG] as const];
  return new Conversation(new ServerSession(options), new MemoryDirectory(files));
}

describe("long lines", () => {
  it("H10: a name of 5 MiB is not found, and the next command is answered", () => {
    const conversation = talk().send("get_metadata ");
    for (let part = 0; part < 80; part++) conversation.send("x".repeat(65_536));
    conversation.send("\r\nget_metadata ten\r\n");
    expect(conversation.received).toBe("202 FILE NOT FOUND\r\n0 OK\r\n10\r\n");
  });

  it("H10: a line of exactly maxLineBytes is read, one byte more is 101 at once", () => {
    const limit = { maxLineBytes: 600 };
    const name = "x".repeat(600 - "get_metadata ".length);
    expect(talk(limit).send(`get_metadata ${name}\r\n`).received).toBe("202 FILE NOT FOUND\r\n");
    expect(talk(limit).send(`get_metadata ${name}x`).received).toBe("101 BAD REQUEST\r\n");
  });

  it("H6: four million digits cost no more than reading them", () => {
    const conversation = talk().send("get_slice ten 0 ");
    for (let part = 0; part < 64; part++) conversation.send("9".repeat(65_536));
    expect(conversation.send("\r\n").received).toBe("203 OFFSET EXCEEDS FILE SIZE\r\n");
  });
});

describe("time", () => {
  it("H21: an idle connection is closed without a reply", () => {
    const conversation = talk().wait(59_999);
    expect(conversation.ended).toBe(false);
    conversation.wait(1);
    expect([conversation.ended, conversation.received]).toEqual([true, ""]);
  });

  it("H21: a byte a second is no idleness", () => {
    const conversation = talk();
    for (const byte of "get_metadata ten\r\n") conversation.send(byte).wait(1000);
    expect(conversation.received).toBe("0 OK\r\n10\r\n");
  });

  it("H21: but a request must be whole in time", () => {
    const conversation = talk({ requestTimeoutMs: 100_000 });
    for (let second = 0; second < 99; second++) conversation.send("x").wait(1000);
    expect(conversation.ended).toBe(false);
    expect(conversation.wait(1000).ended).toBe(true);
  });

  it("H21: a client that takes nothing is dropped, one that takes something is not", () => {
    const conversation = talk();
    conversation.stalled = true;
    conversation.send("get_slice big 0 1000000\r\n").wait(119_999).drain().wait(119_999);
    expect(conversation.destroyed).toBe(false);
    conversation.wait(1);
    expect(conversation.destroyed).toBe(true);
    expect(conversation.served.at(-1)).toMatchObject({ code: 0, complete: false });
  });

  it("H13: after the last reply the client has two seconds to close", () => {
    const conversation = talk().send("quit\r\n");
    expect([conversation.ended, conversation.wait(1999).destroyed]).toEqual([true, false]);
    expect(conversation.send("more").wait(1).destroyed).toBe(true);
    expect(conversation.wakesIn).toBeUndefined();
  });

  it("H8: a lost connection leaves no deadline and no open file", () => {
    const directory = new MemoryDirectory([["big", BIG]]);
    const conversation = new Conversation(new ServerSession(), directory);
    conversation.stalled = true;
    conversation.send("get_slice big 0 1000000\r\n").reset();
    expect([conversation.wakesIn, directory.openFiles]).toEqual([undefined, 0]);
  });
});

describe("limits", () => {
  it("H20: a refused client gets 199 and a lingering close, whatever it sends", () => {
    const session = new ServerSession();
    const conversation = new Conversation(session, new MemoryDirectory([]), { refused: true });
    conversation.send("get_file_listing\r\n");
    expect(conversation.received).toBe("199 INTERNAL SERVER ERROR\r\n");
    expect([conversation.ended, conversation.destroyed]).toEqual([true, false]);
  });

  it("H20: admission counts in all, per address, and bounds the refusals", () => {
    const admission = new Admission({ maxConnections: 3, maxConnectionsPerAddress: 2, maxRefusals: 1 });
    expect(["a", "a", "a", "b", "b"].map((address) => admission.enter(address))).toEqual([
      "admitted",
      "admitted",
      "refused",
      "admitted",
      "dropped",
    ]);
    admission.leave("a", "refused");
    expect(admission.enter("c")).toBe("refused");
    admission.leave("a", "admitted");
    expect([admission.enter("c"), admission.admitted]).toEqual(["admitted", 3]);
  });

  it("H20: a rate in bytes is kept over a whole file", () => {
    const conversation = talk({ maxBytesPerSecond: 100_000 }).send("get_slice big 0 1000000\r\n");
    conversation.wait(5_000);
    const half = conversation.received.length;
    expect(half).toBeGreaterThan(0.95 * (4 / 3) * 500_000);
    expect(half).toBeLessThan(1.1 * (4 / 3) * 500_000);
    conversation.wait(5_000);
    expect(brief(conversation.received)).toBe(brief(`0 OK\r\n${Buffer.from(BIG).toString("base64")}\r\n`));
  });

  it("H20: requests beyond the rate wait, in order, and are all answered", () => {
    const conversation = talk({ maxRequestsPerSecond: 10 }).send("get_metadata ten\r\n".repeat(30));
    const answered = (): number => conversation.served.length;
    expect(answered()).toBe(1);
    conversation.wait(1000);
    expect(answered()).toBe(11);
    conversation.wait(1900);
    expect(answered()).toBe(30);
  });

  it("H20: a client that ends its side while it waits for the rate is still answered", () => {
    const conversation = talk({ maxRequestsPerSecond: 1 }).send("help\r\nhelp\r\n").halfClose();
    expect(conversation.ended).toBe(false);
    conversation.wait(2000);
    expect([conversation.served.length, conversation.ended]).toEqual([2, true]);
  });

  it("H16: the error after maxErrors is answered 101 and ends the connection", () => {
    const conversation = talk({ maxErrors: 1 }).send("x\r\nget_metadata ten\r\nx\r\nhelp\r\n");
    expect(conversation.received).toBe("200 NO SUCH COMMAND\r\n0 OK\r\n10\r\n101 BAD REQUEST\r\n");
    expect(conversation.ended).toBe(true);
  });

  it("an option out of its range is a RangeError that names it and what is accepted", () => {
    expect(() => new ServerSession({ maxLineBytes: 1 })).toThrow(
      new RangeError("maxLineBytes is 1, but must be a whole number from 512 to 1073741824"),
    );
    expect(() => new ServerSession({ idleTimeoutMs: "9" as unknown as number })).toThrow(TypeError);
    expect(() => new Admission({ maxConnections: 0.5 })).toThrow(/maxConnections is 0.5.*whole number/);
  });
});

describe("shutdown", () => {
  it("H22: an idle connection is closed at once", () => {
    expect(talk().shutdown().ended).toBe(true);
  });

  it("H22: the reply under way is finished, later requests are not begun", () => {
    const conversation = talk();
    conversation.stalled = true;
    conversation.send("get_slice big 0 1000000\r\nhelp\r\n").shutdown();
    expect(conversation.ended).toBe(false);
    conversation.stalled = false;
    conversation.drain();
    expect(brief(conversation.received)).toBe(brief(`0 OK\r\n${Buffer.from(BIG).toString("base64")}\r\n`));
    expect(conversation.ended).toBe(true);
  });
});

describe("the access log", () => {
  it("H27: one record for each request, with what was asked, the code, the bytes and the time", () => {
    const conversation = talk().send("get_slice ten 2 3\r\nget_metadata no\r\nwhat\r\n\n");
    expect(conversation.served).toEqual([
      { command: "get_slice", name: "ten", offset: 2, size: 3, code: 0, fileBytes: 3, complete: true, ms: 0 },
      { command: "get_metadata", name: "no", code: 202, fileBytes: 0, complete: true, ms: 0 },
      { command: "what", code: 200, fileBytes: 0, complete: true, ms: 0 },
      { command: "", code: 100, fileBytes: 0, complete: true, ms: 0 },
    ]);
  });

  it("H15: an unreadable file is 199, with the reason in the log alone", () => {
    const conversation = new Conversation(new ServerSession(), new MemoryDirectory([["x", "unreadable"]]));
    conversation.send("get_slice x 0 0\r\n");
    expect(conversation.received).toBe("199 INTERNAL SERVER ERROR\r\n");
    expect(conversation.served[0]).toMatchObject({ code: 199, why: "permission denied" });
  });
});

describe("the driver's mistakes", () => {
  it("are LocalProtocolErrors: an answer to no effect, bytes after a pause", () => {
    const session = new ServerSession({ maxPendingBytes: 1024 });
    session.handle(0, { type: "connected" });
    expect(() => session.handle(0, { type: "fileSent", id: 9, bytes: 1 })).toThrow(/nothing waits for fileSent 9/);
    const lines = Buffer.from("get_metadata a\r\n".repeat(200));
    expect(session.handle(0, { type: "bytes", chunk: lines })).toContainEqual({ type: "pause" });
    expect(() => session.handle(0, { type: "bytes", chunk: lines })).toThrow(/after `pause`/);
  });
});

describe("a slow disk", () => {
  const piece = 72 * 1024;
  /** A session with a slice of many pieces, of which the first has been asked for. */
  function reading(): ServerSession {
    const session = new ServerSession();
    session.handle(0, { type: "connected" });
    session.handle(0, { type: "bytes", chunk: Buffer.from("help\r\nget_slice big 0 1000000\r\n") });
    session.handle(0, { type: "file", id: 1, file: { kind: "regular", size: 1_000_000 } });
    return session;
  }

  it("H19: what drains while a piece is being read does not count for that piece: only one is ahead of the client", () => {
    const session = reading();
    expect(session.handle(1, { type: "drained" })).toEqual([]); // of the reply to help
    expect(session.handle(2, { type: "fileSent", id: 1, bytes: piece })).toEqual([]);
    expect(session.handle(3, { type: "drained" })).toMatchObject([{ type: "sendFile", offset: piece }]);
  });

  it("H13, H18: where a file ended before the piece, nothing was sent that could drain: the client is waited for 2 s", () => {
    const session = reading();
    session.handle(1, { type: "fileSent", id: 1, bytes: piece });
    session.handle(2, { type: "drained" });
    expect(session.handle(3, { type: "fileSent", id: 1, bytes: 0 })).toContainEqual({ type: "end" });
    expect(session.nextDeadline()).toBe(2_003);
  });
});

describe("large listings", () => {
  it("H23: are sent in parts, and not at all by names that cannot be asked for", () => {
    const names = Array.from({ length: 2000 }, (_, at) => `file-${at}.txt`);
    const files = [...names, "with space", "\u00f1", "a/b"].map((name) => [name, new Uint8Array(0)] as const);
    const conversation = new Conversation(new ServerSession(), new MemoryDirectory(files));
    expect(brief(conversation.send("get_file_listing\r\n").received)).toBe(
      brief(`0 OK\r\n${names.join("\r\n")}\r\n\r\n`),
    );
  });
});
