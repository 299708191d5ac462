import { fc, it } from "@fast-check/vitest";
import { expect } from "vitest";
import { PcapngWriter, type Side, TcpCapture } from "../src/core/index.js";
import { hex, type ParsedPacket, parsePcapng } from "./parse-pcapng.js";

const port = fc.integer({ min: 0, max: 65_535 });
const ends = fc.oneof(
  fc.tuple(fc.ipV4(), port, fc.ipV4(), port),
  fc.tuple(fc.ipV6(), port, fc.ipV6(), port),
  fc.tuple(fc.ipV4(), port, fc.ipV6(), port),
);
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 0, maxLength: 3_000, size: "max" }),
);

it.prop([ends, fc.array(fc.tuple(fc.double({ min: 0, max: 1e7, noNaN: true }), payload), { maxLength: 8 })])(
  "N40 N41: random datagrams come back from an independent parser, and every checksum sums to 0xffff",
  ([address, one, other, two], datagrams) => {
    const writer = new PcapngWriter({ epochMs: 1_000 });
    const [from, to] = [
      { address, port: one },
      { address: other, port: two },
    ];
    const pieces = datagrams.map(([at, bytes]) => writer.udp(at, from, to, bytes));
    const { linktype, packets } = parsePcapng(Buffer.concat([writer.header(), ...pieces]));
    expect(linktype).toBe(101);
    expect(
      packets.map((packet) => [packet.microseconds, packet.sourcePort, packet.destinationPort, hex(packet.payload)]),
    ).toEqual(datagrams.map(([at, bytes]) => [Math.round((1_000 + at) * 1_000), one, two, hex(bytes)]));
  },
);

type Step = {
  readonly side: Side;
  readonly what: "data" | "sent" | "arrived" | "end" | "fin" | "taken" | "reset";
  readonly bytes: Uint8Array;
};
const step: fc.Arbitrary<Step> = fc.record({
  side: fc.constantFrom<Side>("client", "server"),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("data", "sent", "arrived") },
    { weight: 1, arbitrary: fc.constantFrom("end", "fin", "taken", "reset") },
  ),
  bytes: payload,
});
const sequence = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.integer({ min: 2 ** 32 - 300, max: 2 ** 32 - 1 }),
);

it.prop([fc.array(step, { maxLength: 25 }), sequence, sequence])(
  "N42: whatever is done to a connection, its segments fit together and carry what was written",
  (steps, clientFirst, serverFirst) => {
    const first = { client: clientFirst, server: serverFirst };
    const [from, to] = [
      { address: "10.0.0.1", port: 1 },
      { address: "10.0.0.2", port: 2 },
    ];
    const tcp = new TcpCapture(new PcapngWriter(), from, to, { initialSequence: first });
    const written: Record<Side, Uint8Array[]> = { client: [], server: [] };
    const over = new Set<Side>();
    let isReset = false;
    const pieces = [tcp.open(0)];
    for (const { side, what, bytes } of steps) {
      const isWritten = (what === "data" || what === "sent") && !over.has(side) && !isReset;
      if (isWritten) written[side].push(bytes);
      if (what === "end" || what === "fin") over.add(side);
      if (what === "reset") isReset = true;
      pieces.push(
        {
          data: () => tcp.data(1, side, bytes),
          sent: () => tcp.dataSent(1, side, bytes),
          arrived: () => tcp.dataArrived(1, side, bytes.length),
          end: () => tcp.end(1, side),
          fin: () => tcp.endSent(1, side),
          taken: () => tcp.endArrived(1, side),
          reset: () => tcp.reset(1, side),
        }[what](),
      );
    }
    const { packets } = parsePcapng(Buffer.concat(pieces));
    for (const side of ["client", "server"] as const) {
      const mine = packets.filter(({ sourcePort }) => (sourcePort === 1) === (side === "client"));
      const theirs = packets.filter((packet) => !mine.includes(packet));
      expect(hex(reassembled(mine, first[side]))).toBe(hex(Buffer.concat(written[side])));
      checkAcknowledgements(packets, mine, theirs, first[side]);
    }
  },
);

/** The stream of one side, by sequence numbers alone, which must follow each other. */
function reassembled(packets: readonly ParsedPacket[], initial: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let next = (initial + 1) % 2 ** 32;
  for (const { tcp, payload: bytes } of packets) {
    if (tcp === undefined || tcp.flags.includes("S")) continue;
    const isAgain = tcp.flags.includes("F") && tcp.sequence === (next + 2 ** 32 - 1) % 2 ** 32; // the same end once more
    if (!isAgain) expect(tcp.sequence).toBe(next);
    if (!isAgain) next = (next + bytes.length + (tcp.flags.includes("F") ? 1 : 0)) % 2 ** 32;
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}

/** What `mine` sent is acknowledged at most, never less than before, and never before it was sent. */
function checkAcknowledgements(
  all: readonly ParsedPacket[],
  mine: readonly ParsedPacket[],
  theirs: readonly ParsedPacket[],
  initial: number,
): void {
  let [sent, acknowledged] = [0, 0];
  const distance = (number: number): number => (number - initial + 2 ** 32) % 2 ** 32;
  for (const packet of all) {
    const { tcp, payload: bytes } = packet;
    if (tcp === undefined) continue;
    if (mine.includes(packet)) {
      const length = bytes.length + (/[SF]/.test(tcp.flags) ? 1 : 0);
      sent = Math.max(sent, distance(tcp.sequence) + length);
    } else if (theirs.includes(packet) && tcp.flags.includes("A")) {
      expect(distance(tcp.acknowledgement)).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = distance(tcp.acknowledgement);
      expect(acknowledged).toBeLessThanOrEqual(sent);
    }
  }
}
