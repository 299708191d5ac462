/** What our codecs refuse is marked, what they take is not: every vector cut off at every byte, with every byte changed, and noise. */
import { expect } from "vitest";
import { encodeFrame, FrameDecoder } from "../../packages/framing/src/core/index.js";
import { Random } from "../../packages/simnet/src/core/index.js";
import { dissect } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { CaptureBuilder, concat, type Said } from "./captures.js";
import { type Framed, framedProtocols } from "./framed-vectors.js";
import { hex } from "./spoken.js";

const PORTS = { broadcast: [7000], rake: [7001], election: [7002] };
const portOf = (protocol: string): number => PORTS[protocol as keyof typeof PORTS][0] as number;
/** How bytes are changed, in turn. */
const MASKS = [0x01, 0x80, 0xff, 0x10];
const RUNS = Math.max(100, Number(process.env["LAB_RUNS"] ?? 100));

function isRefused(decode: () => unknown): boolean {
  try {
    decode();
    return false;
  } catch {
    return true;
  }
}

/** Payloads that are wrong, or happen to be right, in frames that are. */
function damaged({ vectors }: Framed): (Said & { readonly payload: Uint8Array; readonly what: string })[] {
  // A tag is behind the message: of those that have one, one is enough.
  const some = vectors.filter(({ values }, index) => values["tag"] === undefined || index < 2);
  return some.flatMap(({ name, side, payload }) => {
    const cut = Array.from({ length: payload.length }, (_, length) => ({
      payload: payload.slice(0, length),
      what: `${length} bytes`,
    }));
    const changed = Array.from(payload, (byte, at) => {
      const copy = payload.slice();
      const mask = MASKS[at % MASKS.length] as number;
      copy[at] = byte ^ mask;
      return { payload: copy, what: `byte ${at} ^ ${mask}` };
    });
    const longer = { payload: concat([payload, hex("00")]), what: "a byte more" };
    return [...cut, ...changed, longer].map((one) => ({
      ...one,
      side,
      what: `${name}, ${one.what}`,
      bytes: encodeFrame(one.payload),
    }));
  });
}

itWith(
  "tshark",
  "of every damaged message of broadcast, rake and election exactly those are marked that the codec refuses",
  async () => {
    const builder = new CaptureBuilder();
    const said = framedProtocols.map((framed) => {
      // One that the client alone may say comes first, so that it is known who is who.
      const messages = [...framed.vectors.slice(0, 1).map((one) => ({ ...one, what: one.name })), ...damaged(framed)];
      return { framed, messages, packets: builder.conversation(portOf(framed.protocol), messages) };
    });
    const packets = await dissect(builder.file(), PORTS);
    expect(packets.length).toBe(builder.packets);
    for (const { framed, messages, packets: numbers } of said) {
      const wrong = messages.flatMap(({ payload, side, what }, index) => {
        const { faults } = packets[numbers[index] as number] ?? { faults: [] };
        const refused = isRefused(() => framed.decode(payload, side));
        return refused === faults.length > 0
          ? []
          : [`${what}: ${refused ? "refused" : "taken"}, ${faults.join() || "not marked"}`];
      });
      expect(wrong, framed.protocol).toEqual([]);
      const marked = messages.filter((_, index) => (packets[numbers[index] as number]?.faults.length ?? 0) > 0).length;
      console.log(
        `${framed.protocol}: ${messages.length} damaged messages, ${marked} marked, as the codec refuses them`,
      );
    }
  },
);

itWith(
  "tshark",
  "noise on a connection is marked or waited for, and what follows a frame that cannot be is not dissected",
  async () => {
    const random = new Random(20_261_122);
    const builder = new CaptureBuilder();
    const streams = Array.from({ length: RUNS }, (_, index) => {
      const framed = framedProtocols[index % framedProtocols.length] as Framed;
      const noise = random.bytes(random.integer(1, 300));
      // Half of them begin as a frame that may be.
      if (index % 2 === 0) noise.set(hex("00000000000000").subarray(0, noise.length));
      const side = random.chance(0.5) ? ("client" as const) : ("server" as const);
      const more = random.bytes(40);
      const numbers = builder.conversation(portOf(framed.protocol), [
        { side, bytes: noise },
        { side, bytes: more },
      ]);
      return { framed, side, stream: concat([noise, more]), numbers };
    });
    const packets = await dissect(builder.file(), PORTS);
    for (const { framed, side, stream, numbers } of streams) {
      const told = numbers.flatMap((number) => packets[number] ?? []);
      const isMarked = told.some(({ faults }) => faults.length > 0);
      // Rake's first bytes may be taken for those of version 1, which has no frames.
      const isV1 = framed.protocol === "rake" && Buffer.from(stream).readUInt32BE() !== 0;
      if (!isV1 && isRefused(() => decodeStream(framed, side, stream))) expect(isMarked).toBe(true);
      if (told[0]?.faults.some((fault) => fault.startsWith("a frame of"))) {
        expect(told[1]?.notes.join()).toContain("behind what ends the connection");
      }
    }
    expect(new Set(packets.flatMap(({ faults }) => faults)).size).toBeGreaterThan(10);
  },
);

/** Throws where a frame is above what the dissector takes, or its message is none. */
function decodeStream({ protocol, decode }: Framed, side: Said["side"], stream: Uint8Array): void {
  const maxFrameBytes = { broadcast: 2 ** 24, rake: 2 ** 22, election: 4_096 }[protocol as keyof typeof PORTS];
  const frames = new FrameDecoder({ maxFrameBytes });
  for (const payload of frames.push(stream)) decode(payload, side);
  if (frames.error !== undefined) throw frames.error;
}
