/** Valid messages, changed in several places at once: what the codecs refuse is marked, what they take is not. */
import { expect } from "vitest";
import { encodeFrame } from "../../packages/framing/src/core/index.js";
import { Random, type Side } from "../../packages/simnet/src/core/index.js";
import { crc32cOfPacket } from "../../packages/stopwait-udp/src/core/v2-checksum.js";
import * as v2 from "../../packages/stopwait-udp/src/core/v2-packet.js";
import { dissect } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { PORTS, portOf } from "./all-vectors.js";
import { CaptureBuilder, concat } from "./captures.js";
import { framedProtocols } from "./framed-vectors.js";
import { hftpVectors } from "./hftp-vectors.js";
import { rakeV1Vectors } from "./rake-v1-vectors.js";
import { hex } from "./spoken.js";
import { stopwaitVectors } from "./stopwait-vectors.js";
import { decodeDatagram, readReply, readRequests, readV1, type Verdict, verdictOf } from "./verdicts.js";

const RUNS = 5 * Math.max(100, Number(process.env["LAB_RUNS"] ?? 100));
const SEED = Number(process.env["LAB_SEED"] ?? 20_261_123);
const NUMBERS = [0n, 1n, 2n ** 32n - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
const BYTES = [0, 1, 0x0a, 0x0d, 0x1e, 0x20, 0x2e, 0x2f, 0x7f, 0x80, 0xc2, 0xed, 0xff];
const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

/** One to four changes: a byte, a number, something more, something less, the end of another message. */
function mutated(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let one = Buffer.from(bytes);
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    const at = random.integer(0, Math.max(0, one.length - 1));
    const [before, behind] = [one.subarray(0, at), one.subarray(at)];
    const other = others[random.integer(0, others.length - 1)] as Uint8Array;
    const kind = random.integer(0, 6);
    if (kind === 0 && one.length > 0) one[at] = random.integer(0, 255);
    if (kind === 1 && one.length > 0) one[at] = BYTES[random.integer(0, BYTES.length - 1)] as number;
    if (kind === 2) one = Buffer.concat([before, random.bytes(random.integer(1, 9)), behind]);
    if (kind === 3) one = Buffer.concat([before, behind.subarray(random.integer(1, 9))]);
    if (kind === 4) one = Buffer.concat([before, other.subarray(random.integer(0, other.length))]);
    if (kind === 5) one = before;
    if (kind === 6 && behind.length >= 8) one.writeBigUInt64BE(NUMBERS[random.integer(0, 5)] as bigint, at);
  }
  return new Uint8Array(one);
}

interface Case {
  readonly what: string;
  readonly verdict: Verdict;
  readonly numbers: readonly number[];
}

async function check(capture: CaptureBuilder, cases: readonly Case[]): Promise<void> {
  const packets = await dissect(capture.file(), PORTS);
  expect(packets.length).toBe(capture.packets);
  const wrong = cases.flatMap(({ what, verdict, numbers }) => {
    const told = numbers.flatMap((number) => packets[number] ?? []);
    // What is too long to be put together is a note.
    const faults = told.flatMap((one) => [...one.faults, ...one.notes.filter((note) => note.endsWith("put together"))]);
    return (verdict === "refused") === faults.length > 0
      ? []
      : [`${what}: ${verdict}, ${faults.join() || "not marked"}`];
  });
  expect(wrong, `LAB_SEED=${SEED}`).toEqual([]);
  expect(cases.filter(({ verdict }) => verdict === "refused").length).toBeGreaterThan(cases.length / 4);
}

itWith("tshark", "messages of broadcast, rake and election that were changed in several places", async () => {
  const random = new Random(SEED);
  const capture = new CaptureBuilder();
  const cases = framedProtocols.flatMap(({ protocol, vectors, decode }): Case[] => {
    const payloads = vectors.map(({ payload }) => payload);
    // The first one as it is, so that it is known who is who.
    const said = [vectors[0], ...Array.from({ length: RUNS }, () => vectors[random.integer(0, vectors.length - 1)])];
    const messages = said.flatMap((vector, index) => {
      if (vector === undefined) return [];
      const payload = index === 0 ? vector.payload : mutated(random, vector.payload, payloads);
      return [{ side: vector.side, payload, bytes: encodeFrame(payload) }];
    });
    const numbers = capture.conversation(portOf(protocol), messages);
    return messages.map(({ side, payload }, index) => ({
      what: `${protocol}, ${side}: ${Buffer.from(payload).toString("hex")}`,
      verdict: verdictOf(() => decode(payload, side)),
      numbers: numbers.slice(index, index + 1),
    }));
  });
  await check(capture, cases);
});

/** Found once: an ERR too short for its code, an ACK and a FINACK with more behind, an ACCEPT with an option of requests. */
const DATAGRAMS = [
  "a70000010123456789abcdef0000000000010000badb06c300",
  "a4000005012345678000100012cef67593e5d0000009de78afc017050b808",
  "a600000300010123456789abcdef0000000100042b7ddb0349b100",
  "a20000370123456789abcdef0000000000020001d5e591e9030002056004000200010d0001010900080000000000ffffffff0008000000000000000001000800000174876e8000070005372d332d39",
].map(hex);

itWith(
  "tshark",
  "packets of stopwait-udp that were changed in several places, with checksums that are right again",
  async () => {
    const random = new Random(SEED);
    const capture = new CaptureBuilder();
    const packets = stopwaitVectors.conversations.flat().map(({ bytes }) => bytes);
    const all = Array.from({ length: 2 * RUNS }, () => {
      const one = mutated(random, packets[random.integer(0, packets.length - 1)] as Uint8Array, packets);
      if (one.length >= 24 && random.chance(0.5)) one.set([(one.length - 24) >> 8, (one.length - 24) & 0xff], 2);
      return one;
    });
    const cases = [...DATAGRAMS, ...all].flatMap((one): Case[] => {
      if (one.length === 0) return [];
      if (v2.isPacket(one)) v2.writeChecksum(one, crc32cOfPacket(one, v2.lengthOf(one)));
      const numbers = [capture.datagram("client", portOf("stopwait"), one)];
      return [{ what: Buffer.from(one).toString("hex"), verdict: verdictOf(() => decodeDatagram(one)), numbers }];
    });
    await check(capture, cases);
  },
);

itWith(
  "tshark",
  "lines of HFTP, its base64, and connections of rake v1 that were changed in several places",
  async () => {
    const random = new Random(SEED);
    const capture = new CaptureBuilder();
    const lines = hftpVectors.conversations.flatMap((said) => said.filter(({ side }) => side === "client"));
    const cases: Case[] = [];
    const add = (
      port: number,
      side: Side,
      bytes: Uint8Array,
      read: () => void,
      before: Uint8Array = new Uint8Array(),
    ) => {
      if (bytes.length === 0) return;
      const asked = before.length > 0 ? [{ side: "client", bytes: before } as const] : [];
      const numbers = capture.conversation(port, [...asked, { side, bytes }]);
      cases.push({ what: JSON.stringify(Buffer.from(bytes).toString("latin1")), verdict: verdictOf(read), numbers });
    };
    const bytesOf = lines.map(({ bytes }) => bytes);
    const base64 = text("0 OK\r\naGVsbG8gd29ybGQ=\r\n");
    for (let count = 0; count < RUNS; count++) {
      const line = mutated(random, bytesOf[count % bytesOf.length] as Uint8Array, bytesOf);
      add(portOf("hftp"), "client", line, () => readRequests(line));
      // A base64 line alone, whose end is not changed: behind the reply nothing comes.
      const body = mutated(random, base64.subarray(6, -2), [base64.subarray(6, -2)]).filter(
        (byte) => byte !== 0x0a && byte !== 0x0d,
      );
      const reply = concat([base64.subarray(0, 6), body, base64.subarray(-2)]);
      const slice = { type: "get_slice", name: "a", offset: 0, size: 11, raw: false } as const;
      add(portOf("hftp"), "server", reply, () => readReply(slice, reply), text("get_slice a 0 11\r\n"));
    }
    for (const examples of rakeV1Vectors.conversations) {
      const dialect = examples[0]?.values["dialect"]?.[0] as "v1-4" | "v1-8";
      for (const side of ["client", "server"] as const) {
        const stream = concat(examples.filter((one) => one.side === side).map(({ bytes }) => bytes));
        const width = dialect === "v1-4" ? 4 : 8;
        for (let count = 0; stream.length > 0 && count < RUNS / 10; count++) {
          // The first code stays: another may be of the other side, or of another dialect.
          const one = concat([stream.subarray(0, width), mutated(random, stream.subarray(width), [stream])]);
          add(portOf("rake"), side, one, () => readV1(dialect, side, one));
        }
      }
    }
    await check(capture, cases);
  },
);
