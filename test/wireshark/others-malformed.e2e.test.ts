/** What the parsers of HFTP, stopwait-udp, rake v1 and framing refuse is marked; what is cut off is waited for. */
import { expect } from "vitest";
import { FrameDecoder } from "../../packages/framing/src/core/index.js";
import type { Request } from "../../packages/hftp/src/core/requests.js";
import { Random } from "../../packages/simnet/src/core/index.js";
import { crc32cOfPacket } from "../../packages/stopwait-udp/src/core/v2-checksum.js";
import * as v2 from "../../packages/stopwait-udp/src/core/v2-packet.js";
import { type Dissected, dissect } from "../../wireshark/counts.js";
import { itWith } from "../components.js";
import { PORTS, portOf } from "./all-vectors.js";
import { CaptureBuilder, concat, type Said } from "./captures.js";
import { hftpVectors } from "./hftp-vectors.js";
import { rakeV1Vectors } from "./rake-v1-vectors.js";
import { hex } from "./spoken.js";
import { stopwaitVectors } from "./stopwait-vectors.js";
import { decodeDatagram, readReply, readRequests, readV1, type Verdict, verdictOf } from "./verdicts.js";

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

/** Each prefix of the bytes, and each with one byte changed. */
function damaged(bytes: Uint8Array, masks: readonly number[] = [0x01, 0x80, 0xff, 0x10]): Uint8Array[] {
  const cut = Array.from({ length: bytes.length }, (_, length) => bytes.slice(0, length));
  const changed = Array.from(bytes, (byte, at) => {
    const copy = bytes.slice();
    copy[at] = byte ^ (masks[at % masks.length] as number);
    return copy;
  });
  return [...cut, ...changed].filter(({ length }) => length > 0);
}

interface Case {
  readonly what: string;
  readonly verdict: Verdict;
  /** What is told of it. */
  readonly told: (packets: readonly Dissected[]) => Dissected[];
}

const builder = (): { capture: CaptureBuilder; cases: Case[] } => ({ capture: new CaptureBuilder(), cases: [] });

async function check(capture: CaptureBuilder, cases: readonly Case[]): Promise<void> {
  const packets = await dissect(capture.file(), PORTS);
  expect(packets.length).toBe(capture.packets);
  const wrong = cases.flatMap(({ what, verdict, told }) => {
    const faults = told(packets).flatMap((one) => one.faults);
    return (verdict === "refused") === faults.length > 0
      ? []
      : [`${what}: ${verdict}, ${faults.join() || "not marked"}`];
  });
  expect(wrong).toEqual([]);
  const refused = cases.filter(({ verdict }) => verdict === "refused").length;
  expect(Math.min(refused, cases.length - refused)).toBeGreaterThan(10);
  console.log(`${cases.length} damaged ones, ${refused} marked, as the codec refuses them`);
}

const at =
  (number: number) =>
  (packets: readonly Dissected[]): Dissected[] =>
    packets.slice(number, number + 1);
const among =
  (numbers: readonly number[]) =>
  (packets: readonly Dissected[]): Dissected[] =>
    numbers.flatMap((number) => packets[number] ?? []);

itWith(
  "tshark",
  "of every damaged packet of stopwait-udp exactly those are marked that the codec refuses",
  async () => {
    const { capture, cases } = builder();
    const [v1Packets = [], v2Packets = []] = stopwaitVectors.conversations;
    const add = (what: string, bytes: Uint8Array, verdict: Verdict): void => {
      cases.push({ what, verdict, told: at(capture.datagram("client", portOf("stopwait"), bytes)) });
    };
    for (const { name, bytes } of v1Packets.slice(-8)) {
      for (const one of damaged(bytes))
        add(
          `${name} ${Buffer.from(one).toString("latin1")}`,
          one,
          verdictOf(() => decodeDatagram(one)),
        );
    }
    for (const { name, bytes } of v2Packets) {
      for (const one of damaged(bytes))
        add(
          `${name} ${Buffer.from(one).toString("hex")}`,
          one,
          verdictOf(() => decodeDatagram(one)),
        );
      // With a checksum that is right again, what the payload says is looked at.
      for (const one of damaged(bytes).filter(v2.isPacket)) {
        v2.writeChecksum(one, crc32cOfPacket(one, v2.lengthOf(one)));
        add(
          `${name}, summed, ${Buffer.from(one).toString("hex")}`,
          one,
          verdictOf(() => decodeDatagram(one)),
        );
      }
    }
    const random = new Random(1);
    for (let count = 0; count < 200; count++) {
      const noise = random.bytes(random.integer(1, 60));
      if (count % 2 === 0) noise[0] = 0xa0 + (count % 16);
      add(
        `noise ${Buffer.from(noise).toString("hex")}`,
        noise,
        verdictOf(() => decodeDatagram(noise)),
      );
    }
    await check(capture, cases);
  },
);

itWith("tshark", "of every damaged line and reply of HFTP those are marked that the parsers refuse", async () => {
  const { capture, cases } = builder();
  const [session = []] = hftpVectors.conversations;
  const lines = session.filter(({ side, isWrong }) => side === "client" && isWrong !== true);
  // Bytes become a blank, an end of line, a slash or one above 127.
  for (const line of [
    ...lines.slice(0, 4).map(({ bytes }) => bytes),
    text("\r\n"),
    text(" help\r\n"),
    text("get_slice f 10 -1\r\n"),
    text("get_metadata\r\n"),
  ]) {
    for (const one of damaged(line, [0x80, 0x0f, 0x4c, 0x20])) {
      const numbers = capture.conversation(portOf("hftp"), [{ side: "client", bytes: one }]);
      cases.push({
        what: JSON.stringify(Buffer.from(one).toString("latin1")),
        verdict: verdictOf(() => readRequests(one)),
        told: among(numbers),
      });
    }
  }
  const asked: Request = { type: "get_slice", name: "a.txt", offset: 0, size: 11, raw: true };
  const replies: [Said, string, Request][] = [
    [session[0] as Said, "0 OK\r\na.txt\r\nb\r\n\r\n", { type: "get_file_listing" }],
    [session[2] as Said, "0 OK\r\n300\r\n", { type: "get_metadata", name: "a.txt" }],
    [
      { side: "client", bytes: text("get_slice a.txt 0 11 raw\r\n") },
      "0 OK\r\nContent-Length: 11\r\n\r\nhello world",
      asked,
    ],
  ];
  for (const [request, reply, expected] of replies) {
    for (const one of damaged(text(reply), [0x20, 0x0f, 0x01, 0x80])) {
      const numbers = capture.conversation(portOf("hftp"), [request, { side: "server", bytes: one }]);
      cases.push({
        what: JSON.stringify(Buffer.from(one).toString("latin1")),
        verdict: verdictOf(() => readReply(expected, one)),
        told: among(numbers),
      });
    }
  }
  await check(capture, cases);
});

itWith(
  "tshark",
  "of every damaged connection of rake v1, and of frames of both widths, those are marked that the codec refuses",
  async () => {
    const { capture, cases } = builder();
    for (const examples of rakeV1Vectors.conversations) {
      const dialect = examples[0]?.values["dialect"]?.[0] as "v1-4" | "v1-8";
      const stream = concat(examples.filter(({ side }) => side === "client").map(({ bytes }) => bytes));
      for (const one of damaged(stream)) {
        // Another code may make it another dialect, or the other side's.
        const code = dialect === "v1-4" ? one.subarray(0, 4) : one.subarray(0, 8);
        if (![1, 3, 4, 5].includes(Number(`0x${Buffer.from(code).toString("hex")}`))) continue;
        const numbers = capture.conversation(portOf("rake"), [{ side: "client", bytes: one }]);
        const verdict = verdictOf(() => readV1(dialect, "client", one));
        // A file above what the dissector puts together is noted, not marked, and so is what the codec waits for.
        cases.push({ what: `${dialect} ${Buffer.from(one).toString("hex")}`, verdict, told: notedAsMarked(numbers) });
      }
    }
    for (const [protocol, headerBytes] of [
      ["framing", 8],
      ["framing4", 4],
    ] as const) {
      const frame = hex(`${headerBytes === 8 ? "00000000" : ""}0000000268690000`);
      for (const one of damaged(frame)) {
        const numbers = capture.conversation(portOf(protocol), [{ side: "client", bytes: one }]);
        const decoder = new FrameDecoder({ headerBytes });
        const verdict = verdictOf(() => {
          decoder.push(one);
          if (decoder.error !== undefined) throw decoder.error;
        });
        cases.push({ what: `${protocol} ${Buffer.from(one).toString("hex")}`, verdict, told: among(numbers) });
      }
    }
    await check(capture, cases);
  },
);

/** Too large a file is refused by the codec by its limit, and noted by the dissector. */
function notedAsMarked(numbers: readonly number[]): Case["told"] {
  return (packets) => among(numbers)(packets).map((one) => ({ ...one, faults: [...one.faults, ...one.notes] }));
}
