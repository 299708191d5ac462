/** Whole transfers between a strict client and a strict server on a channel that loses nothing. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { content, getOf, NOTHING_LEFT, putOf } from "./v1-pair.js";

const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

describe.each([0, 1, 99, 100, 101, 200, 6_399, 6_400, 6_401, 9_999_900])("a file of %i bytes", (size) => {
  const bytes = content(size);
  const success = { type: "success", bytes: size, sha256: digest(bytes) };

  it("S4, S10, S18: is fetched whole, and nothing is left open", () => {
    const pair = getOf(bytes).run();
    expect(pair.outcome).toEqual(success);
    expect(digest(pair.clientDisk.read("file") ?? bytes.slice(1))).toEqual(digest(bytes));
    expect(pair.sent.length).toBe(size === 0 ? 2 : 2 * Math.ceil(size / 100) + 2);
    expect(pair.leftovers).toEqual(NOTHING_LEFT);
  }, 60_000);

  it("S4, S13, S21: is stored whole, and nothing is left open", () => {
    const pair = putOf(bytes).run();
    expect(pair.outcome).toEqual(success);
    expect(digest(pair.serverDisk.read("file") ?? bytes.slice(1))).toEqual(digest(bytes));
    expect(pair.sent.length).toBe(2 * Math.ceil(size / 100) + 4);
    expect(pair.leftovers).toEqual(NOTHING_LEFT);
  }, 60_000);
});
