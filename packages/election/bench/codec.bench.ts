/**
 * A Report as bytes and back, next to JSON, which is what one would take without a codec of one's own. JSON checks no
 * field; ours refuses whatever is not exactly a message.
 */
import { built } from "../../../bench/built.js";
import { type Contender, perCpuSecond, type Row } from "../../../bench/row.js";

const core = await built<typeof import("../src/core/index.js")>("election", "core");
type Message = import("../src/core/index.js").Message;

const MESSAGES = 50_000;

const messages: readonly Message[] = Array.from({ length: 100 }, (_, index) => ({
  header: {
    epoch: 7,
    incarnation: `00112233445566${String(index).padStart(2, "0")}`,
    settings: 0,
    cluster: "lab",
    sender: `host-${index}`,
  },
  body: {
    type: "report",
    address: `10.0.0.${index}:4000`,
    hostName: `host-${index}.example`,
    ui: "",
    echo: { epoch: 7, stamp: { mono: 1_234.567 + index, wall: 1_700_000_000_000 + index } },
    load: {
      cpuPercent: index,
      usedRamBytes: 3_000_000_000 + index,
      totalRamBytes: 8_000_000_000,
      freeBandwidthBytes: 100_000_000,
      freeDiskBytes: 50_000_000_000,
      measuredAtMs: 1_700_000_000_000,
    },
  },
}));

function contender(there: (message: Message) => Uint8Array, back: (bytes: Uint8Array) => Message): Contender {
  return {
    output: () => JSON.stringify(messages.map((message) => sorted(back(there(message))))),
    measure: async (smoke) => {
      const count = smoke ? 100 : MESSAGES;
      return await perCpuSecond(count, () => {
        for (let index = 0; index < count; index++) back(there(messages[index % messages.length] as Message));
      });
    },
  };
}

/** Whatever order the fields were made in. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => [name, sorted(part)]);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const rows: readonly Row[] = [
  {
    what: "election: a Report encoded and decoded, next to JSON",
    floor: contender(
      (message) => encoder.encode(JSON.stringify(message)),
      (bytes) => JSON.parse(decoder.decode(bytes)) as Message,
    ),
    ours: contender(core.encodeMessage, core.decodeMessage),
    unit: "messages/s CPU",
    bar: 2,
    direction: "at least",
  },
];
