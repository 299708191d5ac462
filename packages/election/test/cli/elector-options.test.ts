import { describe, expect, it } from "vitest";
import { electorOptions } from "../../src/cli/elector-options.js";
import type { RunFlags } from "../../src/cli/run.js";

const members = ["a", "b", "c"].map((id, index) => ({ id, address: `127.0.0.1:${4001 + index}` }));
const given: RunFlags = {
  mode: "available",
  cluster: "lab",
  state: ".election",
  preset: "default",
  score: "linear",
  join: [],
  route: {},
};

describe("the flags of run", () => {
  it.each<readonly [flags: Partial<RunFlags>, message: RegExp]>([
    [{ mode: "quorum", id: "a" }, /^--mode quorum needs --members/],
    [{ mode: "quorum", members }, /^--mode quorum needs --id: one of a, b, c, or another one with --non-voting$/],
    [{ mode: "quorum", members, id: "d" }, /^--id d is none of the --members \(a, b, c\); --non-voting/],
    [{ mode: "quorum", members, id: "a", nonVoting: true }, /^--non-voting does not go with --id a: it is a member$/],
    [{ mode: "quorum", members, id: "d", nonVoting: true, rejoin: true }, /^--rejoin is for members/],
    [{ members }, /^--members goes with --mode quorum/],
    [{ rejoin: true }, /^--rejoin goes with --mode quorum/],
    [{ nonVoting: true }, /^--non-voting goes with --mode quorum/],
  ])("%o do not go together", (flags, message) => {
    expect(() => electorOptions({ ...given, ...flags }, undefined)).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) }),
    );
  });

  it("E15: a host that is no member reports without a vote", () => {
    const flags = { ...given, mode: "quorum", members, id: "d", nonVoting: true } as const;
    expect(electorOptions(flags, undefined)).toMatchObject({ mode: "quorum", id: "d", members });
  });

  it("what is promised is kept where there is an id to find it by", () => {
    expect(electorOptions({ ...given, id: "a" }, undefined)).toHaveProperty("storage.load");
    expect(electorOptions(given, undefined)).not.toHaveProperty("storage");
  });
});
