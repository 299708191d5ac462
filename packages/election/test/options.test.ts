import { describe, expect, it } from "vitest";
import { createElection, type ElectionOptions } from "../src/core/index.js";
import { loadOf } from "./cluster.js";
import { plainPlatform } from "./plain-platform.js";

const platform = plainPlatform();
const good: ElectionOptions = { id: "a", address: "h:1", platform };
const members = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `m${index}`, address: `h:${index}` }));
const quorum = (count: number): ElectionOptions => ({
  mode: "quorum",
  id: "m0",
  address: "h:0",
  platform,
  members: members(count),
});

describe("E43: a wrong option is an error that names it and what is accepted", () => {
  it.each<[string, object, RegExp]>([
    ["an unknown mode", { mode: "safe" }, /mode must be one of available, quorum/],
    ["an unknown preset", { preset: "slow" }, /preset must be one of default, fast/],
    ["an empty id", { id: "" }, /id must be 1 to 64 bytes/],
    ["a long id", { id: "é".repeat(33) }, /id must be 1 to 64 bytes of UTF-8, not 66/],
    ["an address that is no text", { address: 1 }, /address must be a string/],
    ["an empty cluster", { cluster: "" }, /cluster must be/],
    ["a seed too long", { seeds: ["h".repeat(257)] }, /seeds must be 1 to 256/],
    ["seeds that are no array", { seeds: "127.0.0.1:1" }, /seeds must be an array of addresses, not string/],
    ["a seed that is no text", { seeds: [1] }, /seeds must be a string, not number/],
    [
      "a secret that is a text",
      { secret: "0123456789abcdef" },
      /secret must be a Uint8Array of 16 bytes or more, not string/,
    ],
    ["a time of 0", { reportMs: 0 }, /reportMs is 0, but must be a number from 1/],
    ["a time that is no number", { leaseMs: "6" }, /leaseMs must be a number/],
    ["NaN", { pulseMs: Number.NaN }, /pulseMs is NaN/],
    ["a ratio below 1", { handOverRatio: 0.9 }, /handOverRatio/],
    ["votes waited for as long as a lease", { voteMs: 6_000 }, /voteMs is 6000, but must be less than leaseMs/],
    ["a short secret", { secret: new Uint8Array(15) }, /secret must be 16 bytes or more, not 15/],
    [
      "a secret without HMAC",
      { secret: new Uint8Array(16), platform: { randomBytes: platform.randomBytes } },
      /hmacSha256/,
    ],
    ["no random bytes", { platform: {} }, /randomBytes/],
    ["an unknown score", { score: "best" }, /score must be one of linear, classic/],
    ["members in available mode", { members: members(3) }, /members are for quorum mode/],
  ])("%s", (_name, wrong, message) => {
    expect(() => createElection({ ...good, ...wrong })).toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    ["no members", { members: [] }, /members are needed in quorum mode: 1 to 7, each { id, address }/],
    ["members left out", { members: undefined }, /members are needed in quorum mode/],
    ["members that are no array", { members: "a" }, /members must be an array of { id, address }, not string/],
    ["a member that is a text", { members: ["a=h:1"] }, /members must be an array .* one of them is string/],
    ["a member without an address", { members: [{ id: "a" }] }, /members.address must be a string, not undefined/],
    [
      "the same address twice",
      { members: [...members(2), { id: "m2", address: "h:1" }] },
      /members must have different addresses/,
    ],
    ["eight members", { members: members(8) }, /members must be 1 to 7, not 8/],
    ["the same id twice", { members: [...members(2), ...members(1)] }, /different ids/],
    ["another address than the members say", { address: "h:9" }, /address is h:9, but members say/],
    ["no id", { id: undefined }, /id must be given/],
  ])("E15: quorum with %s", (_name, wrong, message) => {
    expect(() => createElection({ ...quorum(3), ...wrong })).toThrow(message);
  });

  it.each([
    ["a negative epoch", { epoch: -1, holder: "", id: "" }],
    ["a broken epoch", { epoch: 1.5, holder: "", id: "" }],
    ["no holder", { epoch: 1, holder: 1, id: "" }],
  ])("stored: %s", (_name, stored) => {
    expect(() => createElection(good, stored as never)).toThrow(/stored/);
  });

  it("E20: a single member that lost its storage has nobody to ask", () => {
    expect(() => createElection({ ...quorum(1), rejoin: true })).toThrow(/rejoin needs other members/);
  });
});

it.each([
  ["a CPU of more than 100 %", { cpuPercent: 101 }, /load.cpuPercent is 101, but must be a number from 0 to 100/],
  ["NaN", { freeDiskBytes: Number.NaN }, /load.freeDiskBytes is NaN/],
  ["no number", { measuredAtMs: "now" }, /load.measuredAtMs is now/],
  ["more RAM used than there is", { usedRamBytes: 2, totalRamBytes: 1 }, /usedRamBytes is 2, above/],
])("E43: a load of %s is the caller's error", (_name, wrong, message) => {
  const load = { ...loadOf(50), ...wrong } as never;
  const machine = createElection(good);
  expect(() => machine.handle({ mono: 0, wall: 0 }, { type: "load", load })).toThrow(message);
});

it("E10: a promise must outlast what is counted on it, and a lease three reports", () => {
  expect(() => createElection({ ...good, promiseFactor: 1.09 })).toThrow(
    /promiseFactor is 1.09, but must be at least 1.098/,
  );
  expect(() => createElection({ ...good, promiseFactor: 1.09, clockError: 0.04 })).not.toThrow();
  expect(() => createElection({ ...good, clockError: 0.048 })).toThrow(/promiseFactor/);
  expect(() => createElection({ ...good, leaseMs: 4_499 })).toThrow(
    /leaseMs is 4499, but must be at least 3 reportMs, 4500/,
  );
  expect(() => createElection({ ...good, leaseMs: 4_500 })).not.toThrow();
});

it("E15: what is lost by the number of members is said at construction", () => {
  expect(createElection(quorum(1)).warnings).toEqual([]);
  expect(createElection(quorum(2)).warnings.join()).toMatch(/both must be up/);
  expect(createElection(quorum(3)).warnings).toEqual([]);
  expect(createElection(quorum(4)).warnings.join()).toMatch(/4 members tolerate no more failures than 3/);
  expect(createElection(good).warnings).toEqual([]);
});
