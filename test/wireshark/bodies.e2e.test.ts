/** F14: with the preference `bodies`, payloads of framing are shown as they arrive and never put together. */
import { expect } from "vitest";
import { BodyDecoder, encodeFrame } from "../../packages/framing/src/core/index.js";
import { Random } from "../../packages/simnet/src/core/index.js";
import { tshark } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { byteByByte, CaptureBuilder, type Cut, concat, inPieces, inTurns, type Said } from "./captures.js";
import { hex } from "./spoken.js";

const PORTS = { framing: [7000], framing4: [7001] };
const AS_BODIES = ["-o", "framing.bodies:TRUE", "-o", "framing4.bodies:TRUE"];
const FIELDS = ["lab.message", "payload", "body_at", "body_length", "lab.fault", "lab.note"];

interface Shown {
  readonly messages: string;
  /** In hexadecimal, those of several bodies parted by commas. */
  readonly payloads: string;
  readonly at: string;
  readonly of: string;
  readonly faults: string;
  readonly notes: string;
}

async function shown(builder: CaptureBuilder, protocol: "framing" | "framing4"): Promise<Shown[]> {
  const fields = FIELDS.flatMap((name) => ["-e", name.includes(".") ? name : `${protocol}.${name}`]);
  const lines = await tshark(builder.file(), PORTS, [...AS_BODIES, "-T", "fields", "-E", "separator=;", ...fields]);
  return lines.map((line) => {
    const [messages = "", payloads = "", at = "", of = "", faults = "", notes = ""] = line.split(";");
    return { messages, payloads, at, of, faults, notes };
  });
}

const random = new Random(14);
const CUTS: readonly Cut[] = [
  (said) => [...said],
  inTurns,
  byteByByte,
  inPieces(() => random.integer(1, 20)),
  inPieces(() => random.integer(1, 200)),
];

for (const [protocol, headerBytes] of [
  ["framing", 8],
  ["framing4", 4],
] as const) {
  itWith(
    "tshark",
    `${protocol}: F14: however bodies are cut, each is named once and all of its bytes are shown`,
    async () => {
      const payloads = ["hi", "", "a longer one ".repeat(40), "", "x"].map((text) => new TextEncoder().encode(text));
      // Both directions at once: each has a body of its own.
      const said = payloads.flatMap((payload): Said[] =>
        (["client", "server"] as const).map((side) => ({ side, bytes: encodeFrame(payload, { headerBytes }) })),
      );
      for (const cut of CUTS) {
        const builder = new CaptureBuilder();
        builder.conversation(PORTS[protocol][0] as number, cut(said));
        const packets = await shown(builder, protocol);
        const named = packets.flatMap(({ messages }) => (messages === "" ? [] : messages.split(",")));
        const names = payloads.flatMap(({ length }) => Array(2).fill(`${protocol} ${length === 0 ? "empty" : "body"}`));
        expect(named.sort()).toEqual(names.sort());
        const bytes = packets.map(({ payloads: some }) => some.replaceAll(",", "").length / 2);
        expect(bytes.reduce((sum, one) => sum + one, 0)).toBe(2 * concat(payloads).length);
        expect(packets.filter(({ faults, notes }) => faults + notes !== "")).toEqual([]);
      }
    },
  );
}

itWith(
  "tshark",
  "F14: a body larger than any frame is shown with the place of each piece, and one above 2^53 - 1 is marked",
  async () => {
    const builder = new CaptureBuilder();
    const announced = (length: string): Uint8Array => hex(length);
    const large = { side: "client", bytes: announced("001fffffffffffff") } as const;
    const piece = { side: "client", bytes: new Uint8Array(1_000) } as const;
    builder.conversation(7000, [large, piece, piece]);
    builder.conversation(7000, [{ side: "client", bytes: hex("0020000000000000") }, piece]);
    const packets = await shown(builder, "framing");
    expect(new BodyDecoder().push(large.bytes)).toEqual([{ type: "start", length: Number.MAX_SAFE_INTEGER }]);
    const [, , , header, first, second, , , , refused, behind] = packets;
    expect(header).toMatchObject({ messages: "framing body", at: "0", of: `${Number.MAX_SAFE_INTEGER}`, faults: "" });
    expect([first?.at, first?.messages, second?.at, second?.payloads.length]).toEqual(["0", "", "1000", 2_000]);
    expect(refused?.faults).toBe("a frame of 9007199254740992 bytes, at most 9007199254740991 are taken");
    expect(behind?.notes).toMatch(/^behind what ends the connection/);
  },
);
