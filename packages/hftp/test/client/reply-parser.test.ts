import { describe, expect, it } from "vitest";
import type { Request } from "../../src/core/requests.js";
import { SessionHarness } from "./session-harness.js";

const slice = (size: number, raw = false): Request => ({ type: "get_slice", name: "f", offset: 0, size, raw });
const listing: Request = { type: "get_file_listing" };
const metadata: Request = { type: "get_metadata", name: "f" };
const help: Request = { type: "help" };

interface Row {
  readonly title: string;
  readonly request: Request;
  readonly said: string;
  readonly got: object;
}

const good: readonly Row[] = [
  { title: "H12: a size", request: metadata, said: "0 OK\r\n17\r\n", got: { size: 17 } },
  { title: "a size of 2^53 - 1", request: metadata, said: "0 OK\r\n9007199254740991\r\n", got: { size: 2 ** 53 - 1 } },
  { title: "a text of several words, any code", request: metadata, said: "202 no such file\r\n", got: { code: 202 } },
  { title: "a listing", request: listing, said: "0 OK\r\na\r\nb.c\r\n\r\n", got: { names: ["a", "b.c"] } },
  { title: "an empty listing", request: listing, said: "0 OK\r\n\r\n", got: { names: [] } },
  {
    title: "H37: names like paths are text",
    request: listing,
    said: "0 OK\r\n../../etc/passwd\r\n/x y\r\n\r\n",
    got: { names: ["../../etc/passwd", "/x y"] },
  },
  { title: "help", request: help, said: "0 OK\r\nhelp\r\nquit\r\n\r\n", got: { commands: ["help", "quit"] } },
  { title: "H38: a slice in one line", request: slice(4), said: "0 OK\r\nYWJjZA==\r\n", got: { data: "abcd" } },
  {
    title: "H38: a slice in several lines",
    request: slice(8),
    said: "0 OK\r\nYWJj\r\nZGVm\r\nZ2g=\r\n",
    got: { data: "abcdefgh" },
  },
  {
    title: "H38: lines padded each for itself",
    request: slice(3),
    said: "0 OK\r\nYQ==\r\nYmM=\r\n",
    got: { data: "abc" },
  },
  { title: "H38: bits that carry no data may be set", request: slice(1), said: "0 OK\r\nYf==\r\n", got: { data: "a" } },
  { title: "H38: an empty slice is an empty line", request: slice(0), said: "0 OK\r\n\r\n", got: { data: "" } },
  {
    title: "raw bytes",
    request: slice(4, true),
    said: "0 OK\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
    got: { data: "\r\n\r\n" },
  },
  { title: "no raw bytes", request: slice(0, true), said: "0 OK\r\nContent-Length: 0\r\n\r\n", got: { data: "" } },
  { title: "a refused slice", request: slice(9), said: "203 OFFSET EXCEEDS FILE SIZE\r\n", got: { code: 203 } },
];

const bad: readonly (readonly [title: string, request: Request, said: string, message: RegExp])[] = [
  ["no code", metadata, "OK\r\n", /status line/],
  ["no text", metadata, "0\r\n", /status line/],
  ["an empty text", metadata, "0 \r\n", /status line/],
  ["a signed code", metadata, "-1 X\r\n", /status line/],
  ["a code of four digits", metadata, "1000 X\r\n", /status line/],
  ["a code with a leading zero", metadata, "00 OK\r\n", /status line/],
  ["LF alone", metadata, "0 OK\n17\n", /does not end in CR LF/],
  ["a CR within a line", metadata, "0 O\rK\r\n", /CR within/],
  ["a size that is no number", metadata, "0 OK\r\n0x10\r\n", /a size is/],
  ["a negative size", metadata, "0 OK\r\n-5\r\n", /a size is/],
  ["an empty size", metadata, "0 OK\r\n\r\n", /a size is/],
  ["a size above 2^53", metadata, "0 OK\r\n9007199254740992\r\n", /a size is/],
  ["a size of 20 digits", metadata, "0 OK\r\n00000000000000000001\r\n", /a size is/],
  ["more bytes than asked for", slice(3), "0 OK\r\nYWJjZA==\r\n", /more than the 3 bytes/],
  ["fewer bytes, then an empty line", slice(5), "0 OK\r\nYWJjZA==\r\n\r\n", /4 bytes where 5/],
  ["bytes where none were asked for", slice(0), "0 OK\r\nYQ==\r\n", /more than the 0 bytes/],
  ["an empty line where bytes were asked for", slice(1), "0 OK\r\n\r\n", /0 bytes where 1/],
  ["a line that is no multiple of four", slice(4), "0 OK\r\nYWJjZA\r\n", /multiple of four/],
  ["padding in the middle of a line", slice(4), "0 OK\r\nYQ==YQ==\r\n", /invalid base64|after its padding/],
  ["three padding characters", slice(1), "0 OK\r\nY===\r\n", /invalid base64/],
  ["a character outside the alphabet", slice(3), "0 OK\r\nYW*j\r\n", /invalid base64/],
  ["a space in base64", slice(3), "0 OK\r\nYW j\r\n", /invalid base64/],
  ["the URL-safe alphabet, minus", slice(3), "0 OK\r\nYW-j\r\n", /invalid base64/],
  ["the URL-safe alphabet, underscore", slice(6), "0 OK\r\nYWJj_WJj\r\n", /invalid base64/],
  ["LF alone in base64", slice(6), "0 OK\r\nYWJj\nYWJ\r\n", /invalid base64/],
  ["a CR without LF in base64", slice(6), "0 OK\r\nYWJj\rYWJj\r\n", /CR without its LF/],
  ["base64 where raw was asked for", slice(3, true), "0 OK\r\nYWJj\r\n", /Content-Length/],
  ["another length announced", slice(3, true), "0 OK\r\nContent-Length: 4\r\n\r\nabcd", /4 bytes were announced/],
  ["a header without a number", slice(3, true), "0 OK\r\nContent-Length: x\r\n\r\n", /Content-Length/],
  ["two headers", slice(3, true), "0 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc", /an empty line belongs/],
  ["bytes that nobody asked for", metadata, "0 OK\r\n1\r\n0 OK\r\n", /nobody asked for/],
];

describe("replies", () => {
  it.each(good)("$title", ({ request, said, got }) => {
    for (const step of [1, 2, 3, said.length]) {
      const harness = new SessionHarness().input({ type: "connected" }).request(1, request);
      for (let at = 0; at < said.length; at += step) harness.bytes(said.slice(at, at + step));
      const { names, reply, error } = harness.answer(1);
      expect(error).toBeUndefined();
      const data = Buffer.from(harness.data(1)).toString("latin1");
      expect({ names, data, ...reply }).toMatchObject(got);
    }
  });

  it.each(bad)("H39: %s is an error of the server's", (_title, request, said, message) => {
    for (const step of [1, 2, 3, said.length]) {
      const harness = new SessionHarness().input({ type: "connected" }).request(1, request);
      for (let at = 0; at < said.length; at += step) harness.bytes(said.slice(at, at + step));
      const { error, reply } = harness.answer(1);
      if (message.source !== "nobody asked for") {
        expect(error).toMatchObject({ name: "RemoteProtocolError", message: expect.stringMatching(message) });
        expect(reply).toBeUndefined();
      }
      expect(harness.destroyed).toBe(true);
    }
  });

  it("H38: pieces decode to exactly the bytes that are told, at every chunking", () => {
    const data = Buffer.from("0123456789abcdefghij");
    const said = `0 OK\r\n${data.toString("base64")}\r\n`;
    for (let cut = 1; cut < said.length; cut++) {
      const harness = new SessionHarness().input({ type: "connected" }).request(1, slice(data.length));
      harness.bytes(said.slice(0, cut)).bytes(said.slice(cut));
      expect(Buffer.from(harness.data(1))).toEqual(data);
      expect(harness.answer(1).reply).toEqual({ code: 0, text: "OK" });
    }
  });

  it("H40: a status line, a name or a listing beyond its limit is an error, before it has ended", () => {
    const options = { maxReplyLineBytes: 32, maxListingBytes: 100 };
    const ask = (request: Request): SessionHarness =>
      new SessionHarness(options).input({ type: "connected" }).request(1, request);
    expect(
      ask(metadata)
        .bytes(`202 ${"x".repeat(28)}\r\n`)
        .answer(1).reply?.code,
    ).toBe(202);
    expect(
      ask(metadata)
        .bytes(`202 ${"x".repeat(29)}\r\n`)
        .answer(1).error?.message,
    ).toMatch(/more than 32 bytes/);
    expect(ask(metadata).bytes("x".repeat(34)).answer(1).error?.message).toMatch(/more than 32 bytes/);
    expect(
      ask(listing)
        .bytes(`0 OK\r\n${"y".repeat(34)}`)
        .answer(1).error?.message,
    ).toMatch(/more than 32 bytes/);
    const names = "12345678\r\n".repeat(10);
    expect(ask(listing).bytes(`0 OK\r\n${names}`).answer(1).error).toBeUndefined();
    expect(ask(listing).bytes(`0 OK\r\n${names}z`).answer(1).error?.message).toMatch(/more than 100 bytes/);
    expect(ask(help).bytes(`0 OK\r\n${names}z`).answer(1).error?.message).toMatch(/more than 100 bytes/);
  });
});
