/**
 * How many messages of each protocol and type a capture holds, as tshark and the dissectors beside this file see it:
 * `node --import tsx wireshark/counts.ts FILE [PROTOCOL=PORT ...]` prints the table.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../test/process.js";

/** Their names in Wireshark, with what carries them. */
export const TRANSPORTS = {
  framing: "tcp",
  framing4: "tcp",
  hftp: "tcp",
  stopwait: "udp",
  election: "tcp",
  broadcast: "tcp",
  rake: "tcp",
} as const;
export type ProtocolName = keyof typeof TRANSPORTS;

/** Where servers listened. Protocols with a default port need none there, and most are known by their first message. */
export type Ports = Readonly<Partial<Record<ProtocolName, readonly number[]>>>;

export interface Counts {
  /** Messages by protocol and type, malformed ones too where their type is known: `counts.get("rake")?.get("BID")`. */
  readonly messages: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** What is wrong with messages, in words, and how often. */
  readonly faults: ReadonlyMap<string, number>;
  /** What was not dissected, in words, and how often. */
  readonly notes: ReadonlyMap<string, number>;
  /** Packets of the capture. */
  readonly packets: number;
}

const SEPARATOR = "\u001e";
const LISTED = "\u001f";

/** The arguments that load the dissectors and give them their ports. */
export function dissectorArguments(ports: Ports = {}): string[] {
  const decoded = Object.entries(ports).flatMap(([name, numbers]) =>
    numbers.flatMap((port) => ["-d", `${TRANSPORTS[name as ProtocolName]}.port==${port},${name}`]),
  );
  const isEarlyKept = ["-o", "tcp.reassemble_out_of_order:TRUE"];
  // It takes connections that begin with zeros, as frames do, for its own.
  const isOursLeft = ["--disable-heuristic", "lbmsrs_tcp"];
  return ["-X", `lua_script:${join(import.meta.dirname, "lab.lua")}`, ...isEarlyKept, ...isOursLeft, ...decoded];
}

/** Lines of tshark's output. @throws Error with what tshark said where it fails, or a dissector does */
export async function tshark(file: string, ports: Ports, args: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run("tshark", ["-r", file, "-n", ...dissectorArguments(ports), ...args]);
  const isBroken = /Lua Error|lua_error|\[string|\.lua:\d+:/.test(stderr + stdout);
  if (code !== 0 || isBroken) throw new Error(`tshark ended with ${code}: ${stderr}${isBroken ? broken(stdout) : ""}`);
  return stdout.split("\n").filter((line) => line !== "");
}

/** What the dissectors said of one packet. */
export interface Dissected {
  /** `rake BID`: protocol and type of each message that ends in this packet. */
  readonly messages: readonly string[];
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

/** Every packet of a capture, in its order. @throws Error where the file is no capture, or a dissector fails */
export async function dissect(file: string, ports: Ports = {}): Promise<Dissected[]> {
  const fields = ["frame.number", "lab.message", "lab.fault", "lab.note", "_ws.lua.error"];
  const form = ["-E", `separator=${SEPARATOR}`, "-E", `aggregator=${LISTED}`];
  const lines = await tshark(file, ports, ["-T", "fields", ...fields.flatMap((field) => ["-e", field]), ...form]);
  return lines.map((line) => {
    const [number = "", messages = "", faults = "", notes = "", error = ""] = line.split(SEPARATOR);
    if (error !== "") throw new Error(`a dissector failed in packet ${number}, as tshark -V shows`);
    return { messages: listed(messages), faults: listed(faults), notes: listed(notes) };
  });
}

/** @throws Error where the file is no capture, or a dissector fails */
export async function countMessages(file: string, ports: Ports = {}): Promise<Counts> {
  const packets = await dissect(file, ports);
  const messages = new Map<string, Map<string, number>>();
  for (const message of packets.flatMap((packet) => packet.messages)) {
    const [protocol, type] = split(message);
    const types = messages.get(protocol) ?? new Map<string, number>();
    messages.set(protocol, types);
    add(types, type);
  }
  const faults = counted(packets.flatMap((packet) => packet.faults));
  const notes = counted(packets.flatMap((packet) => packet.notes));
  return { messages, faults, notes, packets: packets.length };
}

/** The table that a person reads. */
export function countsTable({ messages, faults, notes, packets }: Counts): string {
  const blocks = [...messages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([protocol, types]) => {
      const total = [...types.values()].reduce((sum, count) => sum + count, 0);
      return [`${protocol}: ${total} messages of ${types.size} types`, ...rows(types)].join("\n");
    });
  const wrong = faults.size === 0 ? ["malformed: none"] : ["malformed:", ...rows(faults)];
  const left = notes.size === 0 ? [] : ["not dissected:", ...rows(notes)];
  return [`${packets} packets`, ...blocks, ...wrong, ...left].join("\n");
}

function rows(counts: ReadonlyMap<string, number>): string[] {
  const most = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return most.map(([name, count]) => `  ${name.padEnd(40)} ${String(count).padStart(7)}`);
}

function listed(values: string): string[] {
  return values === "" ? [] : values.split(LISTED);
}

function split(message: string): [protocol: string, type: string] {
  const at = message.indexOf(" ");
  return [message.slice(0, at), message.slice(at + 1)];
}

function counted(whats: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const what of whats) add(counts, what);
  return counts;
}

function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function broken(stdout: string): string {
  return stdout.split("\n").find((line) => /Lua Error|\.lua:\d+:/.test(line)) ?? "";
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [file, ...flags] = process.argv.slice(2);
  const ports: Partial<Record<ProtocolName, number[]>> = {};
  for (const flag of flags) {
    const [name = "", numbers = ""] = flag.split("=");
    if (!Object.hasOwn(TRANSPORTS, name))
      throw new RangeError(`${name} is none of ${Object.keys(TRANSPORTS).join(", ")}`);
    ports[name as ProtocolName] = numbers.split(",").map(Number);
  }
  if (file === undefined)
    throw new TypeError("usage: node --import tsx wireshark/counts.ts FILE [PROTOCOL=PORT,PORT ...]");
  console.log(countsTable(await countMessages(file, ports)));
}
