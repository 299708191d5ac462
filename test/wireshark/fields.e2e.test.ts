/** Each message type by its name, each field with the value that the protocol's own codec reads. */
import { expect } from "vitest";
import { TRANSPORTS } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { allSpoken, PORTS, portOf } from "./all-vectors.js";
import { CaptureBuilder } from "./captures.js";
import { fieldsOfPackets, type ShownField } from "./pdml.js";
import type { Example, Spoken } from "./spoken.js";
import type { Values } from "./values.js";

itWith("tshark", "every message type of every protocol is named, and every field is what the codec reads", async () => {
  const builder = new CaptureBuilder();
  const packetOf = new Map<Example, number>();
  for (const { protocol, conversations } of allSpoken) {
    for (const examples of conversations) {
      const isUdp = TRANSPORTS[protocol] === "udp";
      const numbers = isUdp
        ? examples.map(({ side, bytes }) => builder.datagram(side, portOf(protocol), bytes))
        : builder.conversation(portOf(protocol), examples);
      for (const [index, number] of numbers.entries()) packetOf.set(examples[index] as Example, number);
    }
  }
  const packets = await fieldsOfPackets(builder.file(), PORTS, ["lab", ...Object.keys(PORTS)]);
  expect(packets.length).toBe(builder.packets);
  for (const spoken of allSpoken) {
    const examples = spoken.conversations.flat();
    const shown = examples.map((example) => packets[packetOf.get(example) as number] ?? []);
    expect([...new Set(shown.map(nameOf))].sort(), spoken.protocol).toEqual([...spoken.types].sort());
    for (const [index, example] of examples.entries()) checkExample(spoken, example, shown[index] ?? []);
  }
});

function checkExample(
  { protocol, beside, words }: Spoken,
  { name, values, isWrong = false }: Example,
  fields: readonly ShownField[],
): void {
  expect(nameOf(fields)).toBe(name);
  const faults = fields.filter((field) => field.name === "lab.fault" || field.name === "lab.note");
  expect(faults.length > 0, `${name}: ${faults.map(({ value }) => value).join()}`).toBe(isWrong);
  expect(valuesShown(fields, protocol, beside), name).toEqual(sorted(values, beside));
  for (const field of fields) {
    const word = words[field.name.slice(protocol.length + 1)]?.[Number(field.value)];
    if (word !== undefined) expect(field.label).toMatch(new RegExp(`: ${word} \\(${field.value}\\)$`));
  }
}

function nameOf(fields: readonly ShownField[]): string {
  return fields.flatMap(({ name, value }) => (name === "lab.message" ? [value] : [])).join();
}

function valuesShown(fields: readonly ShownField[], protocol: string, beside: readonly string[]): Values {
  const values: Record<string, string[]> = {};
  for (const { name, value } of fields) {
    if (!name.startsWith(`${protocol}.`)) continue;
    const key = name.slice(protocol.length + 1);
    values[key] = [...(values[key] ?? []), value];
  }
  return sorted(values, beside);
}

function sorted(values: Values, beside: readonly string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !beside.includes(key)));
}
