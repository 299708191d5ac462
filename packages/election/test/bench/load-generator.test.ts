import { expect, test } from "vitest";
import { AckCheck } from "../../bench/hosts/ack-check.js";
import { checkPatching, patchLoad, reportFrame, stampOffset } from "../../bench/hosts/report-frame.js";
import * as core from "../../src/core/index.js";

const incarnation = "00112233445566aa";
const expected = { incarnation, epoch: 3 };

interface Change {
  readonly for?: string;
  readonly epoch?: number;
  readonly mono?: number;
  readonly leaseMs?: number;
  readonly address?: string;
  readonly fallbacks?: number;
}

function ack(change: Change = {}): Buffer {
  const payload = core.encodeMessage({
    header: {
      epoch: change.epoch ?? 3,
      incarnation: "8899aabbccddeeff",
      settings: 0,
      cluster: "lab",
      sender: "leader",
    },
    body: {
      type: "ack",
      for: change.for ?? incarnation,
      address: change.address ?? "127.0.0.1:4000",
      stamp: { mono: change.mono ?? 100, wall: 1_700_000_000_000 },
      leaseMs: change.leaseMs ?? 6_000,
      fallbacks: Array.from({ length: change.fallbacks ?? 1 }, (_, index) => ({ id: `f${index}`, address: "x:1" })),
    },
  });
  return Buffer.from(core.framed(payload));
}

test("the load generator accepts an Ack with a later stamp, whatever fallbacks it names", () => {
  const check = new AckCheck(core, ack(), expected);
  for (const [mono, fallbacks] of [
    [101, 1],
    [102, 3],
    [300_000, 0],
  ] as const) {
    const frame = ack({ mono, fallbacks });
    expect(check.isRight(frame, 0, frame.length)).toBe(true);
    expect(frame.readBigUInt64BE(check.stampAt)).toBe(BigInt(mono * 1_000));
  }
});

test.each<[string, Change]>([
  ["for another incarnation", { for: "00112233445566ab" }],
  ["of another epoch", { epoch: 4 }],
  ["with the same stamp", { mono: 100 }],
  ["with an older stamp", { mono: 99 }],
  ["with another lease", { leaseMs: 5_999 }],
  ["of another address", { address: "127.0.0.1:4001" }],
])("the load generator refuses an Ack %s", (_, change) => {
  const check = new AckCheck(core, ack(), expected);
  const frame = ack({ mono: 200, ...change });
  expect(check.isRight(frame, 0, frame.length)).toBe(false);
});

test("the load generator refuses a first Ack that is not its own", () => {
  expect(() => new AckCheck(core, ack({ for: "00112233445566ab" }), expected)).toThrow("an ack for 00112233445566ab");
  expect(() => new AckCheck(core, ack({ epoch: 4 }), expected)).toThrow("an ack of epoch 4, not 3");
});

test("a report that is written over is the one that the codec would make", () => {
  const header = { epoch: 3, incarnation, settings: 0, cluster: "lab", sender: "host-000001" };
  const host = { header, address: "127.0.0.2:10001", hostName: "host-000001" };
  checkPatching(core, host);
  const frame = reportFrame(core, host, true);
  patchLoad(frame, 4_321, 1_712_345_678_999);
  frame.writeBigUInt64BE(5_000_000n, stampOffset(frame));
  const { body } = core.decodeMessage(frame.subarray(8));
  expect(body).toMatchObject({
    echo: { epoch: 3, stamp: { mono: 5_000, wall: 0 } },
    load: { cpuPercent: 43.21, measuredAtMs: 1_712_345_678_999 },
  });
});
