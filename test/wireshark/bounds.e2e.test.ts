/** However much a peer says, tshark comes to an end; and what is not ours is left alone. */
import { expect } from "vitest";
import { encodeFrame } from "../../packages/framing/src/core/index.js";
import { Random } from "../../packages/simnet/src/core/index.js";
import { dissect, tshark } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { PORTS, portOf } from "./all-vectors.js";
import { CaptureBuilder, concat, inPieces } from "./captures.js";
import { broadcastVectors } from "./framed-vectors.js";
import { hex, type Spoken } from "./spoken.js";

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

itWith(
  "tshark",
  "a message of more fields than Wireshark takes is shown in part, read whole, and no dissector fails",
  async () => {
    const entries = 30_000;
    const head = Buffer.alloc(13);
    head.writeUInt8(5);
    head.writeBigUInt64BE(1n, 1);
    head.writeUInt32BE(entries, 9);
    // Each entry: a message of member 1 without bytes. Four items of the tree each.
    const bytes = encodeFrame(concat([head, Buffer.alloc(17 * entries, hex("0000000001000000000000000100000000"))]));
    const builder = new CaptureBuilder();
    const hello = broadcastVectors.vectors[0] as Spoken["conversations"][0][0];
    builder.conversation(portOf("broadcast"), [hello, { side: "server", bytes }]);
    const fewer = ["-o", "gui.max_tree_items:100000"];
    const shown = (await tshark(builder.file(), PORTS, [...fewer, "-O", "broadcast"])).join("\n");
    expect(shown).toContain("[Message: broadcast BATCH]");
    expect(shown).toContain("its first 50000 fields");
    expect(shown).not.toMatch(/bug/i);
  },
);

itWith("tshark", "a line without end, in thousands of segments, is read once and not once a segment", async () => {
  const builder = new CaptureBuilder();
  const cut = inPieces(() => 1_460);
  builder.conversation(portOf("hftp"), cut([{ side: "client", bytes: new Uint8Array(2 ** 21).fill(97) }]));
  const listing = text(`0 OK\r\n${"a-name-of-some-length\r\n".repeat(40_000)}\r\n`);
  const asked = { side: "client", bytes: text("get_file_listing\r\n") } as const;
  const numbers = builder.conversation(portOf("hftp"), [asked, ...cut([{ side: "server", bytes: listing }])]);
  const packets = await dissect(builder.file(), PORTS);
  expect(packets[numbers.at(-1) as number]?.messages).toEqual(["hftp 0 OK"]);
});

itWith(
  "tshark",
  "what is not ours is not taken: DNS, QUIC, TLS, HTTP, Redis, NATS, memcached, mail, noise",
  async () => {
    const random = new Random(53);
    const builder = new CaptureBuilder();
    const tls = concat([hex("16030100c8010000c40303"), random.bytes(194)]);
    const talks = [
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "*2\r\n$3\r\nGET\r\n$5\r\nhello\r\n",
      "get_config x\r\n",
      "get a\r\n",
      'INFO {"server_id":"x"}\r\n',
      "help\r\n",
      "quit\r\n",
    ].map(text);
    for (const [index, bytes] of [...talks, tls].entries())
      builder.conversation(39_200 + index, [{ side: "client", bytes }]);
    const question = hex("123401000001000000000000037777770765786d6d706c6503636f6d0000010001".slice(0, 66));
    for (let count = 0; count < 1_000; count++) {
      const dns = concat([random.bytes(2), question.subarray(2)]);
      const quic = concat([hex("c00000000108"), random.bytes(8), hex("0000449e"), random.bytes(100)]);
      for (const bytes of [dns, quic, random.bytes(random.integer(1, 200))]) builder.datagram("client", 39_300, bytes);
      builder.datagram("server", 39_301, concat([Uint8Array.of(0xa0 + (count % 8)), random.bytes(60)]));
      const noise = random.bytes(random.integer(8, 300));
      if (count % 2 === 0) noise.fill(0, 0, 7);
      builder.conversation(39_400, [{ side: "client", bytes: noise }]);
    }
    const told = await dissect(builder.file());
    expect(told.filter(({ messages, faults, notes }) => messages.length + faults.length + notes.length > 0)).toEqual(
      [],
    );
  },
);
