import fc from "fast-check";
import { expect, test } from "vitest";
import { encode } from "../../src/core/codec.js";
import type { Message } from "../../src/core/messages.js";
import type { ServerOutput } from "../../src/core/server-contract.js";
import { hello, join, observer, type Peer, Rig } from "./rig.js";

const runs = Number(process.env["LAB_RUNS"] ?? 100);

/** What a client may say, rightly or wrongly; `last` and `window` are those of its ACKs. */
const anyMessageOf = (last: fc.Arbitrary<number>, window: fc.Arbitrary<number>): fc.Arbitrary<Message> =>
  fc.oneof(
    fc.record({
      type: fc.constant("publish" as const),
      firstClientSeq: fc.integer({ min: 1, max: 12 }),
      payloads: fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 }),
    }),
    fc.record({ type: fc.constant("ack" as const), last, window }),
    fc.record({ type: fc.constantFrom("ping" as const, "pong" as const), nonce: fc.nat() }),
    fc.constant({ type: "close", code: "LEAVE", text: "" } as const),
    fc.constant(hello(3)),
    fc.constant(observer()),
    fc.record({ type: fc.constant("auth" as const), mac: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
  );

const anyMessage = anyMessageOf(fc.nat(30), fc.integer({ min: 1, max: 30 }));
/**
 * An ACK of what the same read makes comes too early (B20), and of what an earlier read made it does not: so they are of its
 * join, or of nothing, or of what will never be. Nor do they take back a window that an earlier read has used.
 */
const messageAnyhowCut = anyMessageOf(fc.constantFrom(0, 1, 1_000), fc.constant(60));

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  anyMessage.map(encode),
  // A message of which one byte is another.
  fc.tuple(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([message, at, by]) => {
    const frame = encode(message);
    const index = 7 + (at % (frame.length - 7));
    frame[index] = (frame[index] ?? 0) ^ by;
    return frame;
  }),
);

/** What the others see, the numbers of entries included: but for the entries that the hostile one may rightly add. */
const contents = (peer: Peer): string[] => peer.log().map((line) => line.slice(line.indexOf(":") + 1));

test("B4: whatever a peer sends, the server does not throw, and it costs that connection alone", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(anyBytes, { maxLength: 12 }), fc.boolean(), (joined, chunks, full) => {
      const rig = new Rig({ maxFrameBytes: 1_024, maxMessageBytes: 30, publishWindow: 8, snapshots: true });
      const a = rig.join(1, { name: "a" });
      const o = rig.observe();
      const hostile = joined ? rig.join(3, { name: "hostile" }) : rig.connect();
      if (full) hostile.full();
      for (const [seq, chunk] of chunks.entries()) {
        hostile.write(chunk);
        a.publish(seq + 1, `m${seq}`);
      }
      rig.wait(1);
      expect(a.closed).toBeUndefined();
      expect(o.closed).toBeUndefined();
      expect(contents(o).filter((line) => /^m\d/.test(line))).toEqual(chunks.map((_, seq) => `m${seq}`));
      expect(a.pubacks()).toHaveLength(chunks.length);
      expect(o.log()).toEqual(a.log());
    }),
    { numRuns: 2 * runs },
  );
});

test("B12: however what a client says is cut into reads, everybody is given the same entries, and it the same answers", () => {
  fc.assert(
    fc.property(
      fc.array(messageAnyhowCut, { maxLength: 10 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (messages, cuts) => {
        const said = join([hello(3, { stable: true, window: 5 }), ...messages].map((message) => encode(message)));
        const play = (chunks: Uint8Array[]): unknown => {
          const rig = new Rig({ maxMessageBytes: 20, publishWindow: 20 });
          const o = rig.observe();
          const peer = rig.connect();
          for (const chunk of chunks) if (peer.closed === undefined) peer.write(chunk);
          rig.wait(50);
          const { connections } = rig.machine.view();
          return {
            log: o.log(),
            // Who broke a rule is not given what came with it.
            own: peer.closed === undefined ? peer.log() : undefined,
            closed: peer.closed?.replace(/but \d+ was sent/, "but less was sent"),
            last: peer.closed === undefined ? peer.pubacks().at(-1) : undefined,
            pongs: peer.of("pong"),
            welcomes: peer.of("welcome"),
            connections,
          };
        };
        const at = [...new Set(cuts.map((cut) => cut % (said.length + 1)))].sort((x, y) => x - y);
        const parts = [...at, said.length].map((end, i) => said.slice(at[i - 1] ?? 0, end));
        expect(play(parts)).toEqual(play([said]));
        expect(play(Array.from(said, (byte) => Uint8Array.of(byte)))).toEqual(play([said]));
      },
    ),
    { numRuns: runs },
  );
});

test("B18, B19: what the others are sent is the same with a slow, stopped or silent member and without it", () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant("publish" as const),
      size: fc.integer({ min: 0, max: 3_000 }),
      count: fc.integer({ min: 1, max: 20 }),
    }),
    fc.record({ do: fc.constantFrom("full" as const, "drained" as const, "cut" as const, "ping" as const) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 400 }) }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom("disconnect" as const, "skip" as const, "snapshot" as const),
      fc.integer({ min: 1, max: 40 }),
      (steps, onSlow, window) => {
        const play = (withSlow: boolean): string[] => {
          const rig = new Rig({
            onSlow,
            snapshots: true,
            maxLagMessages: 30,
            maxLagMs: 700,
            historyMessages: 40,
            publishWindow: 1_000,
          });
          const a = rig.join(1);
          const fast = rig.join(2);
          const slow = withSlow ? rig.observe({ window }) : undefined;
          let seq = 1;
          for (const one of steps) {
            if (one.do === "publish") {
              a.publish(seq, ...Array.from({ length: one.count }, () => new Uint8Array(one.size).fill(seq)));
              seq += one.count;
            } else if (one.do === "wait") rig.wait(one.ms);
            else if (slow !== undefined && slow.closed === undefined) {
              if (one.do === "full") slow.full();
              if (one.do === "drained") slow.drained();
              if (one.do === "ping") slow.say({ type: "ping", nonce: 1 });
              if (one.do === "cut") {
                slow.cut();
                slow.closed = "cut";
              }
            }
          }
          expect(fast.closed).toBeUndefined();
          return rig.outputs.flatMap((output) => seenByOthers(output, slow?.id));
        };
        expect(play(true)).toEqual(play(false));
      },
    ),
    { numRuns: runs },
  );
});

function seenByOthers(output: ServerOutput, slow: number | undefined): string[] {
  const line = (connection: number, bytes: Uint8Array): string =>
    `${connection} ${Buffer.from(bytes).toString("base64")}`;
  if (output.type === "send" && output.connection !== slow) return [line(output.connection, output.bytes)];
  if (output.type === "sendAll") {
    return output.connections.filter((one) => one !== slow).map((one) => line(one, output.bytes));
  }
  if (output.type === "pause" || output.type === "resume" || output.type === "close") {
    return output.connection === slow ? [] : [`${output.connection} ${output.type}`];
  }
  return [];
}
