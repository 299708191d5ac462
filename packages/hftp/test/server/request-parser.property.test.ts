import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type ParsedLine, RequestParser } from "../../src/core/index.js";

function allLines(parser: RequestParser): ParsedLine[] {
  const lines: ParsedLine[] = [];
  for (let line = parser.next(); line !== undefined; line = parser.next()) lines.push(line);
  return lines;
}

const text = fc.array(
  fc.constantFrom("get_metadata a\r\n", "help\r\n", `get_slice ${"n".repeat(300)} 0 1\r\n`, " \r\n", "x", "quit"),
  { maxLength: 30 },
);

describe("input that has to wait", () => {
  it.prop([text, fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }), fc.array(fc.boolean())])(
    "H11: chunks of any sizes, gathered or not, are read as the bytes they are",
    (parts, sizes, reads) => {
      const whole = new RequestParser(8 * 2 ** 20);
      const bytes = Buffer.from(parts.join(""));
      whole.feed(bytes);
      const parser = new RequestParser(8 * 2 ** 20);
      const lines: ParsedLine[] = [];
      let pending = 0;
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] as number;
        const chunk = Buffer.from(bytes.subarray(at, at + size));
        parser.feed(chunk);
        pending += chunk.length;
        at += size;
        if (reads[turn % Math.max(1, reads.length)] === true) {
          const line = parser.next();
          if (line !== undefined) lines.push(line);
          else pending = 0;
          expect(parser.pendingBytes).toBeLessThanOrEqual(pending);
        }
      }
      expect([...lines, ...allLines(parser)]).toEqual(allLines(whole));
      expect(parser.pendingBytes).toBe(0);
    },
  );
});
