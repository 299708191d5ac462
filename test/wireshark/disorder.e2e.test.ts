/** Segments that come twice, overlap others or come too late: the messages are the same. */
import { expect } from "vitest";
import { Random } from "../../packages/simnet/src/core/index.js";
import { dissect, TRANSPORTS } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { allSpoken, PORTS, portOf } from "./all-vectors.js";
import { CaptureBuilder, inTurns, type Said } from "./captures.js";

const random = new Random(99);

/** Cuts each turn into segments of up to `most` bytes, some of which are then sent again, reach into others, or change places. */
function disturbed(said: readonly Said[], most: number): Said[] {
  const sent = { client: 0, server: 0 };
  return inTurns(said).flatMap(({ side, bytes }) => {
    const base = sent[side];
    sent[side] += bytes.length;
    const piece = (from: number, to: number): Said => ({ side, bytes: bytes.subarray(from, to), offset: base + from });
    const segments: Said[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + random.integer(1, most);
      segments.push(piece(at, end));
      const fate = random.integer(0, 9);
      if (fate === 0) segments.push(segments[random.integer(0, segments.length - 1)] as Said);
      if (fate === 1) segments.push(piece(Math.max(0, at - random.integer(1, 50)), end + random.integer(0, 50)));
      if (fate === 2 && segments.length > 2) segments.push(...segments.splice(-2).reverse());
      at = end;
    }
    return segments;
  });
}

itWith(
  "tshark",
  "a conversation whose segments are sent twice, overlap and change places has the same messages",
  async () => {
    const builder = new CaptureBuilder();
    const told = allSpoken
      .filter(({ protocol }) => TRANSPORTS[protocol] === "tcp")
      .flatMap(({ protocol, conversations }) => conversations.map((examples) => ({ protocol, examples })))
      .flatMap(({ protocol, examples }) =>
        [20, 200, 20, 200].map((most) => ({
          names: examples.map(({ name }) => name),
          numbers: builder.conversation(
            portOf(protocol),
            disturbed(
              examples.map(({ side, bytes }) => ({ side, bytes })),
              most,
            ),
          ),
        })),
      );
    const packets = await dissect(builder.file(), PORTS);
    for (const { names, numbers } of told) {
      const shown = numbers.flatMap((number) => packets[number] ?? []);
      expect(shown.flatMap(({ messages }) => messages)).toEqual(names);
      expect(shown.flatMap(({ notes }) => notes)).toEqual([]);
    }
  },
);
