/** The TCP dissectors put streams together: however a conversation is cut into segments, its messages are the same. */
import { expect } from "vitest";
import { Random } from "../../packages/simnet/src/core/index.js";
import { dissect, TRANSPORTS } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { allSpoken, PORTS, portOf } from "./all-vectors.js";
import { byteByByte, CaptureBuilder, type Cut, inPieces, inTurns } from "./captures.js";

const random = new Random(7);

/** Segments as long as a whole turn hold several messages; in pieces of up to 200 bytes both things happen. */
const CUTS: Readonly<Record<string, Cut>> = {
  "a message a segment": (said) => [...said],
  "one segment for all that is said in a row": inTurns,
  "a byte a segment": byteByByte,
  "up to 20 bytes a segment": inPieces(() => random.integer(1, 20)),
  "up to 200 bytes a segment": inPieces(() => random.integer(1, 200)),
};

itWith(
  "tshark",
  "the same conversation in one segment, in single bytes and in pieces of any length has the same messages",
  async () => {
    const builder = new CaptureBuilder();
    const conversations = allSpoken
      .filter(({ protocol }) => TRANSPORTS[protocol] === "tcp")
      .flatMap(({ protocol, conversations: all }) => all.map((examples) => ({ protocol, examples })));
    const ways = conversations.flatMap(({ protocol, examples }) =>
      Object.entries(CUTS).map(([way, cut]) => {
        const numbers = builder.conversation(portOf(protocol), cut(examples));
        return { way: `${protocol}, ${way}`, names: examples.map(({ name }) => name), numbers };
      }),
    );
    const packets = await dissect(builder.file(), PORTS);
    expect(packets.length).toBe(builder.packets);
    for (const { way, names, numbers } of ways) {
      const told = numbers.flatMap((number) => packets[number] ?? []);
      expect(
        told.flatMap(({ messages }) => messages),
        way,
      ).toEqual(names);
      expect(
        told.flatMap(({ notes }) => notes),
        way,
      ).toEqual([]);
    }
  },
);
