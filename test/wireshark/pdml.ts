/** Every field of every packet that the dissectors show, out of tshark's PDML. */
import { type Ports, tshark } from "../../wireshark/counts.js";
import { shownValue } from "./values.js";

export interface ShownField {
  /** With the protocol: `rake.cost_ms`. */
  readonly name: string;
  readonly value: string;
  /** As a person sees it: `Cost (ms): 780`. */
  readonly label: string;
}

const FIELD = /<field name="([^"]+)" showname="([^"]*)"(?: hide="yes")? size="\d+" pos="\d+" show="([^"]*)"/;

/** The fields of each packet whose names begin with one of these. */
export async function fieldsOfPackets(
  file: string,
  ports: Ports,
  protocols: readonly string[],
): Promise<ShownField[][]> {
  const packets: ShownField[][] = [];
  for (const line of await tshark(file, ports, ["-T", "pdml"])) {
    if (line.includes("<packet>")) packets.push([]);
    const [, name = "", label = "", show = ""] = FIELD.exec(line) ?? [];
    if (!protocols.some((protocol) => name.startsWith(`${protocol}.`))) continue;
    packets.at(-1)?.push({ name, value: shownValue(unescaped(show)), label: unescaped(label) });
  }
  return packets;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|(\w+));/g, (whole, code: string | undefined, name: string) =>
    code === undefined ? (ENTITIES[name] ?? whole) : String.fromCodePoint(Number.parseInt(code, 16)),
  );
}
