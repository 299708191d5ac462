/** What whole nodes say to each other is named message by message, as our codecs read it. */
import { expect } from "vitest";
import { capturePcapng } from "../../packages/simnet/src/core/index.js";
import { countMessages, countsTable, type Ports } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { captureFile, concat } from "./captures.js";
import { type Simulated, simulations } from "./simulated.js";

itWith(
  "tshark",
  "each message of simulated nodes of every protocol is named, through losses and resets; the counts by type",
  async () => {
    const runs = simulations();
    // One after another in one file: a capture of several sections.
    const file = captureFile(
      concat(runs.map(({ trace }, index) => capturePcapng(trace, { addresses: ownAddresses(trace, index) }))),
    );
    const counts = await countMessages(file, portsOf(runs));
    console.log(countsTable(counts));
    const named = [...counts.messages].flatMap(([protocol, types]) =>
      [...types].flatMap(([type, count]) => Array.from({ length: count }, () => `${protocol} ${type}`)),
    );
    expect(tally(named)).toEqual(tally(runs.flatMap(({ messages }) => messages)));
    expect([...counts.faults, ...counts.notes]).toEqual([]);
  },
);

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Each run in a network of its own, so that no connection is taken for another's. */
function ownAddresses(trace: Simulated["trace"], index: number): Record<string, string> {
  const nodes = new Set(
    trace.flatMap((event) => ("id" in event || "connection" in event ? [event.from.node, event.to.node] : [])),
  );
  return Object.fromEntries([...nodes].map((node, number) => [node, `10.1.${index}.${number + 1}`]));
}

function portsOf(runs: readonly Simulated[]): Ports {
  const ports: Record<string, number[]> = {};
  for (const { protocol, serverPorts } of runs)
    ports[protocol] = [...new Set([...(ports[protocol] ?? []), ...serverPorts])];
  return ports;
}
