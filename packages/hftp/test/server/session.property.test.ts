import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ServerSession } from "../../src/core/index.js";
import { brief, Conversation } from "./conversation.js";
import { MemoryDirectory } from "./memory-directory.js";
import { model } from "./model.js";

const FILES: readonly (readonly [string, Uint8Array])[] = [
  ["a", Buffer.from("0123456789")],
  ["empty", new Uint8Array(0)],
  ["three.pieces-of_72K", Uint8Array.from({ length: 150_000 }, (_, at) => (at * 7) & 0xff)],
];

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "empty", "three.pieces-of_72K", "nofile", "..", "x".repeat(300)) },
  fc.string({ maxLength: 6 }),
);
const number = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 12 }).map(String) },
  fc.constantFrom("149999", "150000", "72", "98304", "007", "99999999999999999999", "-1", "+1", "1_0", "", "0x1"),
);
const wellFormed = fc.oneof(
  fc.constantFrom("get_file_listing", "help", "get_metadata a", "get_slice three.pieces-of_72K 0 150000"),
  name.map((one) => `get_metadata ${one}`),
  fc.tuple(name, number, number).map((words) => `get_slice ${words.join(" ")}`),
  fc.tuple(name, number, number).map((words) => `get_slice ${words.join(" ")} raw`),
);
const line = fc.oneof(
  { weight: 8, arbitrary: wellFormed.map((text) => `${text}\r\n`) },
  {
    weight: 2,
    arbitrary: fc
      .string({ unit: fc.constantFrom("a", " ", "\r", "get_metadata", "quit"), maxLength: 8 })
      .map((text) => `${text}\r\n`),
  },
  fc.constantFrom(
    "quit\r\n",
    "\r\n",
    "help\n",
    "caf\xe9\r\n",
    `${"y".repeat(600)}\r\n`,
    "get_metadata a\r\r\n",
    " \r\n",
  ),
);
const options = fc.record({
  maxLineBytes: fc.constantFrom(512, 8 * 2 ** 20),
  maxErrors: fc.constantFrom(0, 2, 64),
  base64Lines: fc.boolean(),
});

/** Cuts of the whole input, as fractions of what is left. */
const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });

function chunks(input: string, sizes: readonly number[]): string[] {
  const out: string[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= input.length) break;
    out.push(input.slice(at, at + size));
    at += size;
  }
  if (at < input.length) out.push(input.slice(at));
  return out;
}

describe("a session equals its model", () => {
  it.prop([
    fc.array(line, { maxLength: 12 }),
    fc.string({ maxLength: 8 }),
    cuts,
    fc.boolean(),
    options,
    fc.array(fc.boolean()),
  ])(
    "H1: any sequence of commands, chunked and pipelined in any way, taken at any pace",
    (lines, unfinished, sizes, halfClosed, session, stalls) => {
      const ascii = unfinished.replace(/[^\x20-\x7e]/g, "");
      const input = lines.join("") + ascii;
      const directory = new MemoryDirectory(FILES);
      const conversation = new Conversation(new ServerSession(session), directory);
      for (const [at, chunk] of chunks(input, sizes).entries()) {
        conversation.stalled = stalls[at % Math.max(1, stalls.length)] ?? false;
        conversation.send(chunk);
        if (!conversation.stalled) conversation.drain();
      }
      if (halfClosed) conversation.halfClose();
      conversation.stalled = false;
      conversation.drain();
      const wanted = model(input, halfClosed, new Map(FILES), session);
      const got = { gets: brief(conversation.received), ends: conversation.ended };
      expect(got).toEqual({ ...wanted, gets: brief(wanted.gets) });
      expect(directory.openFiles).toBe(0);
      expect(conversation.paused).toBe(false);
    },
  );
});

describe("garbage", () => {
  it.prop([fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), fc.boolean()])(
    "H11: never throws, and is answered in status lines alone",
    (segments, halfClosed) => {
      const conversation = new Conversation(new ServerSession(), new MemoryDirectory([["a", Buffer.from("A")]]));
      for (const segment of segments) conversation.send(segment);
      if (halfClosed) conversation.halfClose();
      expect(conversation.received).toMatch(/^(20[012] [A-Z ]+\r\n)*(10[01] [A-Z ]+\r\n)?$/);
      if (/10[01] /.test(conversation.received)) expect(conversation.ended).toBe(true);
    },
  );
});

describe("memory", () => {
  it.prop([fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 150_000 }), fc.boolean(), fc.boolean()])(
    "H19: what is produced ahead of a client that never reads stays within the mark and one piece",
    (count, size, raw, base64Lines) => {
      const conversation = new Conversation(new ServerSession({ base64Lines }), new MemoryDirectory(FILES));
      conversation.stalled = true;
      const request = `get_slice three.pieces-of_72K 0 ${size}${raw ? " raw" : ""}\r\n`;
      for (let sent = 0; sent < count; sent++) conversation.send(request);
      expect(conversation.mostUndrained).toBeLessThan(64 * 1024 + 100 * 1024);
      if (count * request.length > 64 * 1024 + 200_000) expect(conversation.paused).toBe(true);
    },
  );
});
