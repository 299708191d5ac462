/** A WELCOME that names more members than the writer's memory held at first (docs/broadcast.md B1). */
import { expect, it } from "vitest";
import { decode, encode, type Welcome } from "../../src/core/index.js";

it("B1: a WELCOME with a thousand members says each of them, wherever the memory it is written in grows", () => {
  for (let shift = 0; shift < 40; shift++) {
    const members = Array.from({ length: 1_000 }, (_, index) => ({
      member: index + 1,
      name: `m${"x".repeat(shift)}${index}`,
    }));
    const welcome: Welcome = {
      type: "welcome",
      status: "fresh",
      epoch: 1,
      token: new Uint8Array(16),
      member: 7,
      head: 1,
      firstRetained: 1,
      resumeFrom: 1,
      lastClientSeq: 0,
      lastNumber: 0,
      ackEvery: 64,
      ackAfterMs: 20,
      heartbeatMs: 5_000,
      maxMessageBytes: 1,
      publishWindow: 1,
      members,
    };
    expect(decode(encode(welcome).subarray(8), "server")).toEqual(welcome);
  }
});
