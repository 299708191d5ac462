/** When a lease ends, as the machine asks to be woken for it. */
import { expect, it } from "vitest";
import { Lease } from "../src/core/lease.js";
import { Rules } from "../src/core/rules.js";

const at = (mono: number) => ({ mono, wall: 1_700_000_000_000 + mono });

it("E11: quorum: it ends L after the last stamp that still makes a majority, and moves with it", () => {
  const lease = new Lease({ mode: "quorum", leaseMs: 6_000, majority: 3 }, new Rules());
  lease.count("b", at(1_000));
  expect(lease.endMono).toBe(Number.NEGATIVE_INFINITY);
  lease.count("c", at(3_000));
  expect(lease.endMono).toBe(7_000);
  lease.count("d", at(2_000));
  expect(lease.endMono).toBe(8_000);
  lease.count("b", at(2_500));
  expect(lease.endMono).toBe(8_500);
  lease.count("c", at(2_000)); // late: what counts never gets older
  expect(lease.endMono).toBe(8_500);
  expect(lease.runs(at(8_499))).toBe(true);
  expect(lease.runs(at(8_500))).toBe(false);
  lease.count("b", at(8_400));
  expect(lease.endMono).toBe(Number.NEGATIVE_INFINITY);
});

it("E11: available: it has no end before anybody was heard, then it ends L after the last", () => {
  const lease = new Lease({ mode: "available", leaseMs: 6_000, majority: 1 }, new Rules());
  expect(lease.endMono).toBe(Number.POSITIVE_INFINITY);
  lease.heard(at(10));
  expect(lease.endMono).toBe(6_010);
});
