/** What a client and a server say first, and what is no opening. */
import { describe, expect, it } from "vitest";
import { encode, macOf } from "../../src/core/index.js";
import { plainPlatform } from "./plain-platform.js";
import { message, Scripted, TOKEN } from "./scripted.js";

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

  it("B33: a client with a secret gives up at a WELCOME without a CHALLENGE, one without when it is asked", () => {
    const client = new Scripted({ secret: new Uint8Array(16) });
    client.open();
    expect(ended(client)).toMatchObject({
      code: "UNAUTHORIZED",
      message: expect.stringMatching(/without a CHALLENGE$/),
    });
    expect(client.outputs.filter(({ type }) => type === "notice")).toEqual([]);
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
