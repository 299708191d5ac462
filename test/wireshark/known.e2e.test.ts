/** How the dissectors are loaded, and how they know what is theirs. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { encodeFrame } from "../../packages/framing/src/core/index.js";
import { dissect, TRANSPORTS } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { run } from "../process.js";
import { scratchFolder } from "../scratch.js";
import { allSpoken } from "./all-vectors.js";
import { CaptureBuilder, concat } from "./captures.js";
import type { Example, Spoken } from "./spoken.js";

/** Where nobody is told of a protocol. */
const PORT = 39_123;

itWith(
  "tshark",
  "without a word of ports each conversation is known by its first message, but framing and rake v1",
  async () => {
    const builder = new CaptureBuilder();
    const told = allSpoken.map(({ protocol, conversations, types }) => {
      const [examples = []] = conversations;
      const numbers =
        TRANSPORTS[protocol] === "udp"
          ? conversations.flat().map(({ side, bytes }, index) => builder.datagram(side, PORT, bytes, 20_000 + index))
          : builder.conversation(PORT, examples);
      return { types, names: TRANSPORTS[protocol] === "udp" ? conversations.flat() : examples, numbers };
    });
    const packets = await dissect(builder.file());
    for (const { types, names, numbers } of told) {
      const isKnown = !/^(framing4?|rake-v1) /.test(types[0] as string);
      const shown = numbers.flatMap((number) => packets[number]?.messages ?? []);
      // A datagram whose checksum is `none` has nothing to be known by.
      const expected = names.filter(({ values }) => values["checksum_kind"]?.[0] !== "none").map(({ name }) => name);
      expect(shown, types[0]).toEqual(isKnown ? expected : []);
    }
  },
);

itWith(
  "tshark",
  "a connection that is known by its first message is put together from then on: a segment may end within the second one",
  async () => {
    const builder = new CaptureBuilder();
    const told = allSpoken
      .filter(
        ({ protocol, types }) => TRANSPORTS[protocol] === "tcp" && !/^(framing4?|rake-v1) /.test(types[0] as string),
      )
      .map(({ conversations: [examples = []] }) => {
        // What one side says twice, with the rest of it in a second segment.
        const [first, ...others] = examples;
        const { side, bytes } = first as Example;
        const again = others.find((one) => one.side === side) as Example;
        const said = concat([bytes, again.bytes]);
        const numbers = builder.conversation(PORT, [
          { side, bytes: said.subarray(0, bytes.length + 9) },
          { side, bytes: said.subarray(bytes.length + 9) },
        ]);
        return { names: [first?.name, again.name], numbers };
      });
    const packets = await dissect(builder.file());
    for (const { names, numbers } of told) {
      const shown = numbers.map((number) => packets[number]);
      expect(shown.flatMap((one) => one?.messages)).toEqual(names);
      expect(shown.flatMap((one) => [...(one?.faults ?? []), ...(one?.notes ?? [])])).toEqual([]);
    }
  },
);

itWith(
  "tshark",
  "between two sockets that a checksum has made known, what is damaged is marked, and what has no checksum is named",
  async () => {
    const builder = new CaptureBuilder();
    const ours = allSpoken.filter(({ protocol }) => protocol === "stopwait");
    const examples = ours.flatMap(({ conversations }) => conversations.flat());
    const summed = examples.find(({ values }) => values["checksum_kind"]?.[0] === "crc32c") as Example;
    const plain = examples.find(({ values }) => values["checksum_kind"]?.[0] === "none") as Example;
    const damaged = summed.bytes.map((byte, index) => (index === 5 ? byte ^ 1 : byte));
    const before = builder.datagram("client", PORT, damaged);
    const numbers = [summed.bytes, damaged, plain.bytes].map((bytes) => builder.datagram("client", PORT, bytes));
    const packets = await dissect(builder.file());
    expect(packets[before]).toEqual({ messages: [], faults: [], notes: [] });
    const [good, bad, other] = numbers.map((number) => packets[number]);
    expect([good?.faults, bad?.faults, other?.messages]).toEqual([[], ["the checksum is wrong"], [plain.name]]);
  },
);

itWith("tshark", "what Wireshark's own LBMSRS took once does not make it take ours from then on", async () => {
  const builder = new CaptureBuilder();
  // It takes what begins with zeros, and whoever took something is asked first behind that.
  for (let count = 0; count < 3; count++)
    builder.conversation(PORT + 1, [{ side: "client", bytes: encodeFrame(new Uint8Array(56)) }]);
  const spoken = allSpoken.find(({ protocol }) => protocol === "rake") as Spoken;
  const [examples = []] = spoken.conversations;
  const numbers = builder.conversation(PORT, examples);
  const packets = await dissect(builder.file());
  expect(numbers.flatMap((number) => packets[number]?.messages)).toEqual(examples.map(({ name }) => name));
});

itWith("tshark", "as a folder of plugins they load too, also where lab.lua is named besides", async () => {
  const home = scratchFolder();
  const plugins = join(home, ".local/lib/wireshark/plugins");
  mkdirSync(plugins, { recursive: true });
  const folder = join(import.meta.dirname, "../../wireshark");
  symlinkSync(folder, join(plugins, "lab"));
  for (const more of [[], ["-X", `lua_script:${join(folder, "lab.lua")}`]]) {
    const { stdout, stderr } = await run("tshark", ["-G", "protocols", ...more], { env: { HOME: home } });
    expect(stderr).not.toMatch(/lua/i);
    for (const protocol of Object.keys(TRANSPORTS)) expect(stdout).toMatch(new RegExp(`\\t${protocol}$`, "m"));
  }
});
