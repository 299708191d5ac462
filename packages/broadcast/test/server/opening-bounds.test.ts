/** What a peer may do before anything is known of it, and what a turn of ACKs may cost (docs/broadcast.md B5, B6, B19). */
import { expect, test } from "vitest";
import { FanOut } from "../../src/core/fan-out.js";
import { encode } from "../../src/core/index.js";
import { hello, Rig } from "./rig.js";

/** The header of a frame. */
function header(length: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

test("B5: before its WELCOME a peer is refused a frame that no HELLO needs, by its header, or as it comes at once", () => {
  for (const secret of [undefined, new Uint8Array(16)]) {
    const rig = new Rig({ ...(secret === undefined ? {} : { secret }) });
    const byHeader = rig.connect().write(header(1_025));
    expect(byHeader.closeCode).toBe("TOO_BIG");
    const whole = rig.connect().write(header(1_025), new Uint8Array(1_025));
    expect(whole.closeCode).toBe("TOO_BIG");
    const fits = rig.connect().write(header(1_024));
    expect(fits.closeCode).toBeUndefined();
    if (secret === undefined) continue;
    const challenged = rig.join(1).write(header(1_025));
    expect(challenged.of("challenge")).toHaveLength(1);
    expect(challenged.closeCode).toBe("TOO_BIG");
  }
});

test("B5: behind its WELCOME a member may send frames of up to maxFrameBytes, however they are cut", () => {
  const rig = new Rig();
  const a = rig.join(1);
  const frame = encode({ type: "publish", firstClientSeq: 1, payloads: [new Uint8Array(200_000)] });
  a.write(frame.subarray(0, 9)).write(frame.subarray(9, 100_000)).write(frame.subarray(100_000));
  expect(a.pubacks()).toEqual(["1@2"]);
  const b = rig.connect();
  b.write(encode(hello(2)), encode({ type: "publish", firstClientSeq: 1, payloads: [new Uint8Array(200_000)] }));
  expect(b.pubacks()).toEqual(["1@4"]);
});

test("B6: a PING or a PONG before the HELLO, or before the AUTH, is BAD_MESSAGE and is not answered", () => {
  const rig = new Rig({ secret: new Uint8Array(16) });
  for (const type of ["ping", "pong"] as const) {
    const early = rig.connect().say({ type, nonce: 1 });
    expect([early.of("pong"), early.closeCode]).toEqual([[], "BAD_MESSAGE"]);
    const unproven = rig.join(1).say({ type, nonce: 1 });
    expect([unproven.of("pong"), unproven.closeCode]).toEqual([[], "BAD_MESSAGE"]);
  }
});

test("B19: with block, the ACKs of one read cost one look at those who lag", () => {
  const rig = new Rig({ onSlow: "block", maxLagMessages: 10 });
  const slow = rig.join(1, { window: 1 });
  const a = rig.join(2);
  a.publish(1, ...Array.from({ length: 7 }, String));
  expect(a.paused).toBe(true);
  let looks = 0;
  const { nobodyNearBound } = FanOut.prototype;
  FanOut.prototype.nobodyNearBound = function (now: number) {
    looks++;
    return nobodyNearBound.call(this, now);
  };
  try {
    const acks = [1, 2, 3, 4, 5, 6].map((last) => encode({ type: "ack", last, window: 1 }));
    slow.write(...acks);
  } finally {
    FanOut.prototype.nobodyNearBound = nobodyNearBound;
  }
  expect(looks).toBe(1);
  expect(a.paused).toBe(false);
});
