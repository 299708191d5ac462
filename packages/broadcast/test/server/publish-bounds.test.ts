/** What one member may do to all by how it publishes: long turns, and many connections (docs/broadcast.md B5, B12, B16). */
import { expect, test } from "vitest";
import { encode } from "../../src/core/codec.js";
import type { Peer } from "./rig.js";
import { Rig } from "./rig.js";

const MIB = 2 ** 20;

/** The longest payload of a frame that it is sent from now on. */
function longestFrame(peer: Peer): () => number {
  let longest = 0;
  const take = peer.take.bind(peer);
  peer.take = (bytes) => {
    longest = Math.max(longest, bytes.length - 8);
    take(bytes);
  };
  return () => longest;
}

test("B5, B12: no turn of a member makes a BATCH that is too long for a frame, whatever the server takes", () => {
  const rig = new Rig({ maxFrameBytes: 16 * MIB });
  const a = rig.join(1);
  const b = rig.join(2);
  const longest = longestFrame(b);
  const many = Array.from({ length: 256 }, () => new Uint8Array(65_536 - 16));
  a.publish(1, ...many);
  expect(longest()).toBeLessThanOrEqual(MIB + 13 + 17);
  const one = new Uint8Array(16 * MIB - 64);
  a.write(
    ...Array.from({ length: 15 }, (_, index) =>
      encode({ type: "publish", firstClientSeq: 257 + index, payloads: [new Uint8Array(65_536)] }),
    ),
  );
  const big = new Rig({ maxFrameBytes: 16 * MIB, maxMessageBytes: 16 * MIB - 64 });
  const c = big.join(1);
  const d = big.join(2);
  const longestOfBig = longestFrame(d);
  c.write(
    encode({ type: "publish", firstClientSeq: 1, payloads: [new Uint8Array(MIB - 100)] }),
    encode({ type: "publish", firstClientSeq: 2, payloads: [one] }),
    encode({ type: "publish", firstClientSeq: 3, payloads: [new Uint8Array(3)] }),
  );
  expect(longestOfBig()).toBeLessThanOrEqual(16 * MIB);
  expect(Array.from(d.entries().values(), ({ bytes }) => bytes.length)).toEqual([2, MIB - 100, one.length, 3]);
  expect(Array.from(b.entries().keys())).toEqual(Array.from({ length: 272 }, (_, index) => index + 2));
  expect(a.pubacks().at(-1)).toBe("271@273");
  expect(c.pubacks().at(-1)).toBe("3@5");
});

test("B12, B19: a member that its own publishes leave too far behind is closed in the midst of them, and each is in the log once", () => {
  const rig = new Rig({ maxFrameBytes: 4 * MIB, maxLagBytes: 2 * MIB });
  const a = rig.join(1);
  const b = rig.join(2);
  const { token, epoch } = a.welcome;
  a.full();
  const payloads = Array.from({ length: 56 }, () => new Uint8Array(65_536));
  a.publish(1, ...payloads);
  expect(a.closeCode).toBe("SLOW");
  const again = rig.join(1, { token, epoch, last: 1 });
  const { lastClientSeq } = again.welcome;
  expect(lastClientSeq).toBeGreaterThan(0);
  expect(lastClientSeq).toBeLessThan(56);
  again.publish(lastClientSeq + 1, ...payloads.slice(lastClientSeq));
  const seqs = Array.from(b.entries().values(), ({ clientSeq }) => clientSeq).slice(1);
  expect(seqs).toEqual(payloads.map((_, index) => index + 1));
});

test("B16: the rate is that of a member: another connection brings no other one", () => {
  const rig = new Rig({ maxPublishRate: 10 });
  let a = rig.join(1);
  const { token, epoch } = a.welcome;
  const comeBack = (): Peer => rig.join(1, { token, epoch, last: 1 });
  a.publish(1, ...Array.from({ length: 10 }, String));
  expect(a.paused).toBe(false);
  a.cut();
  a = comeBack();
  expect(a.paused).toBe(false);
  a.publish(11, "11");
  expect(a.paused).toBe(true);
  const next = comeBack();
  expect(a.closeCode).toBe("TAKEN_OVER");
  expect(next.welcome.status).toBe("resumed");
  expect(next.paused).toBe(true);
  rig.wait(99);
  expect(next.paused).toBe(true);
  rig.wait(1);
  expect(next.paused).toBe(false);
  next.cut();
  rig.wait(5_000);
  const rested = comeBack().publish(12, ...Array.from({ length: 10 }, String));
  expect(rested.paused).toBe(false);
  expect(rig.join(2).publish(1, ...Array.from({ length: 10 }, String)).paused).toBe(false);
});
