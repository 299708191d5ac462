/** A server that lies loses its attempt and its connection, and nothing else. */
import { describe, expect, it } from "vitest";
import { FakeWorld } from "./fake-world.js";
import { fault } from "./invariants.js";
import { LIES, telling } from "./lies.js";
import { planOf } from "./plan-of.js";

const COMMANDS = [
  { command: "work=40 out=a.o,sub/b.o print=hello size=300", requires: ["a.c", "big"], produces: ["*.o", "**/*.o"] },
  { command: "work=30 out=c.o print=there", requires: ["big"], produces: ["c.o"] },
];
/** Hosts that refuse for ever are given up sooner than a person would. */
const SOON = { maxBusyMs: 20_000 };
const FILES = { "a.c": "int a;", big: "x".repeat(400_000) };

describe("R32, R35, R52: whatever a host does, no build is wrong", () => {
  it.each(Object.keys(LIES))("%s: an honest host does the work", (name) => {
    const plan = planOf([COMMANDS, ["work=5 out=d"]], 2);
    const lie = LIES[name] as (typeof LIES)[string];
    // The liar is the faster one.
    const servers = [{ twist: telling(lie), speed: 4, slots: 2 }, { slots: 1 }];
    const world = new FakeWorld(plan, { files: FILES, servers, options: { ...SOON, maxAttempts: 20 } }).run();
    expect(fault(world, plan, 20)).toBeUndefined();
    expect(world.result).toMatchObject({ outcome: "succeeded", succeeded: 3 });
  });

  it.each(Object.keys(LIES))("%s: alone, it ends, and is no false success", (name) => {
    const plan = planOf([COMMANDS]);
    const lie = LIES[name] as (typeof LIES)[string];
    const world = new FakeWorld(plan, { files: FILES, servers: [{ twist: telling(lie) }], options: SOON }).run();
    expect(fault(world, plan)).toBeUndefined();
    const made = ["a.o", "sub/b.o", "c.o"].every((path) => world.files.has(path));
    expect(made).toBe(world.result?.outcome === "succeeded");
  });

  it.each(Object.keys(LIES))("%s: with the client's own machine to fall back to, it succeeds", (name) => {
    const plan = planOf([COMMANDS]);
    const lie = LIES[name] as (typeof LIES)[string];
    const options = { ...SOON, localFallback: true };
    const world = new FakeWorld(plan, { files: FILES, servers: [{ twist: telling(lie) }], options }).run();
    expect(fault(world, plan)).toBeUndefined();
    expect(world.result).toMatchObject({ outcome: "succeeded", succeeded: 2 });
  });
});
