/** What the simulation has found, each by the least that shows it. */
import { expect, it } from "vitest";
import { gainMs, leftMs } from "../../src/core/speculation.js";
import { LIES } from "./lies.js";
import type { Plan, PlannedHost } from "./plan.js";
import type { PlannedAction } from "./plan-build.js";
import { runPlan } from "./run-plan.js";

const host = (node: string, more: Partial<PlannedHost> = {}): PlannedHost => ({
  node,
  cores: 1,
  slots: 1,
  speed: 1_000,
  claimedSpeed: 1_000,
  freeCores: 1,
  resources: ["gpu"],
  toolchain: "cc 12",
  storeBytes: 2 ** 34,
  impairments: {},
  rate: 1,
  lie: undefined,
  isAbsent: false,
  ...more,
});

const action = (index: number, more: Partial<PlannedAction> = {}): PlannedAction => ({
  remote: true,
  command: `cc 2000 a/${index} o:o${index}/0.o:40:420`,
  requires: [],
  produces: [],
  on: [],
  timeoutMs: undefined,
  ...more,
});

const plan = (more: Partial<Plan>): Plan => ({
  seed: 1,
  kinds: [],
  promised: "fallback",
  hosts: [host("h1")],
  inputs: [],
  sets: [[action(0)]],
  client: { localFallback: true, noHostMs: 500, localSlots: 1 },
  server: {},
  streams: {},
  effectMs: 0,
  again: "no",
  acts: [],
  faults: [],
  calmAtMs: 10_000,
  ...more,
});

it("R32: what falls back and waits for a local slot runs once, and does not keep the machine awake", () => {
  const actions = [action(0, { on: ["gpu"] }), action(1, { on: ["gpu"] })];
  const { violation, met } = runPlan(plan({ hosts: [host("h1", { isAbsent: true })], sets: [actions] }));
  expect(violation?.message).toBeUndefined();
  expect(met.get("placed: fallback")).toBe(2);
});

it("R24: a host that keeps back what was declared, and says so, has not done it", () => {
  expect(LIES).toContain("no outputs");
  const lie = { kind: "no outputs", share: 1 } as const;
  const actions = [action(0, { produces: ["o0/0.o"] })];
  const { violation, lies, met } = runPlan(plan({ hosts: [host("h1", { lie })], sets: [actions] }));
  expect(violation?.message).toBeUndefined();
  expect(lies).toBeGreaterThan(0);
  expect(met.get("placed: fallback")).toBe(1);
});

it("R27: a heartbeat at a time that is no whole number is one PING", () => {
  const odd = { latencyMs: 1.1, bytesPerSecond: 50_000 };
  for (let latencyMs = 0.1; latencyMs < 3; latencyMs += 0.13) {
    const faults = [{ type: "cut", from: "h1", to: "client", atMs: 700, forMs: 2_500 }] as const;
    const { violation } = runPlan(plan({ hosts: [host("h1", { impairments: { ...odd, latencyMs } })], faults }));
    expect(violation?.message).toBeUndefined();
  }
});

it("R19: a host that was paused hears first what came meanwhile: what it held too long then is used, and is not late", () => {
  const faults = [{ type: "pause", node: "h1", atMs: 42, forMs: 400 }] as const;
  const hosts = [host("h1", { slots: 2, impairments: { latencyMs: 5, bytesPerSecond: 50_000 } })];
  const sets = [[action(0), action(1)]];
  const { violation, met } = runPlan(plan({ hosts, sets, server: { validForMs: 60 }, faults }));
  expect(violation?.message).toBeUndefined();
  expect(met.get("placed: bid")).toBe(2);
});

it("R31: a faster host that is free is worth a second attempt while much is left, and not behind that", () => {
  const rule = { speculateAfter: 1.5, speculateMs: 500 };
  const one = (elapsedMs: number, expectedMs: number, speed = 1) => ({ elapsedMs, expectedMs, speed });
  expect(leftMs(one(600, 4_000))).toBe(3_400);
  expect(leftMs(one(4_000, 4_000))).toBe(2_000);
  expect(gainMs([one(600, 4_000)], 4, rule)).toBe(2_400);
  expect(gainMs([one(400, 4_000)], 4, rule)).toBe(0);
  expect(gainMs([one(600, 4_000)], 1, rule)).toBe(0);
  expect(gainMs([one(2_600, 4_000)], 2, rule)).toBe(0);
});

it("R31: two attempts on slow hosts are not all: one that is much faster than both is worth a third", () => {
  const rule = { speculateAfter: 1.5, speculateMs: 500 };
  // 6,000 of work by the first, which still needs 2,000; the second, begun later, would need 4,000.
  const attempts = [
    { elapsedMs: 4_000, expectedMs: 4_000, speed: 1 },
    { elapsedMs: 1_000, expectedMs: 3_000, speed: 1.2 },
  ];
  expect(gainMs(attempts, 4, rule)).toBe(500);
  expect(gainMs(attempts, 2, rule)).toBe(0);
  expect(gainMs([...attempts, { elapsedMs: 100, expectedMs: 1_000, speed: 6 }], 9, rule)).toBe(0);
});
