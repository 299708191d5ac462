/** Bounds that follow from the longest frame: what fits a WELCOME (docs/broadcast.md B5, B10, B23). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolveClientOptions } from "../../src/core/client-options.js";
import { encode, MAX_SERVER_FRAME_BYTES } from "../../src/core/codec.js";
import { resolveServerOptions } from "../../src/core/server-options.js";
import { MAX_LISTED_MEMBERS } from "../../src/core/welcome-size.js";
import { natsLog } from "../../src/node/nats/index.js";
import { redisLog } from "../../src/node/redis/index.js";

const who = { room: "main", name: "a" };

describe("B23: a room has no more sessions than a WELCOME can name", () => {
  const refused = "maxSessions must be a whole number from 1 to 239673, not 239674";

  it("more are refused, by own rooms and by engines, and the most are taken", () => {
    expect(resolveServerOptions({ maxSessions: 239_673 }).maxSessions).toBe(239_673);
    const makers = [
      (maxSessions: number) => resolveServerOptions({ maxSessions }),
      (maxSessions: number) => redisLog({ url: "redis://127.0.0.1:1", maxSessions }),
      (maxSessions: number) => natsLog({ servers: "127.0.0.1:1", maxSessions }),
    ];
    for (const make of makers) {
      expect(() => make(239_674)).toThrow(RangeError);
      expect(() => make(239_674)).toThrow(refused);
    }
  });

  it("a WELCOME of so many with the longest names fits the longest frame, and of one more it does not", () => {
    const lengthOf = (count: number): number => {
      const members = Array.from({ length: count }, (_, index) => ({ member: index + 1, name: "n".repeat(64) }));
      const numbers = { lastClientSeq: 0, lastNumber: 0, ackEvery: 1, ackAfterMs: 0, heartbeatMs: 1 };
      const log = { epoch: 1, head: 0, firstRetained: 1, resumeFrom: 1, ...numbers, maxMessageBytes: 1 };
      const token = new Uint8Array(16);
      return (
        encode({ type: "welcome", status: "fresh", token, member: 1, ...log, publishWindow: 1, members }).length - 8
      );
    };
    expect(lengthOf(MAX_LISTED_MEMBERS)).toBeLessThanOrEqual(MAX_SERVER_FRAME_BYTES);
    expect(lengthOf(MAX_LISTED_MEMBERS + 1)).toBeGreaterThan(MAX_SERVER_FRAME_BYTES);
  });
});

it("B10, B24, B33: the other new bounds have the defaults that the document says, and are checked", () => {
  expect(resolveServerOptions({}).maxControlRate).toBe(10_000);
  expect(resolveClientOptions(who)).toMatchObject({ welcomeMs: 30_000, maxListedMembers: 239_673 });
  const document = readFileSync(join(import.meta.dirname, "../../../../docs/broadcast.md"), "utf8");
  for (const words of [
    "maxControlRate` (10,000)",
    "welcomeMs` (30 s)",
    "maxListedMembers` (239,673,",
    "maxLagLines` (10)",
  ]) {
    expect(document).toContain(words);
  }
  expect(() => resolveServerOptions({ maxControlRate: 0 })).toThrow("maxControlRate must be a whole number from 1");
  expect(() => resolveClientOptions({ ...who, welcomeMs: 0 })).toThrow("welcomeMs must be a whole number from 1");
  const message = "maxListedMembers must be a whole number from 1 to 239673, not 0";
  expect(() => resolveClientOptions({ ...who, maxListedMembers: 0 })).toThrow(message);
});
