import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { itWith } from "../../../test/components.js";
import { run } from "../../../test/process.js";
import { scratchFolder } from "../../../test/scratch.js";
import { capturePcapng, PcapngWriter, TcpCapture } from "../src/core/index.js";
import { smallCapture } from "./capture-vector.js";
import { streamTrace, TraceBuilder } from "./trace-builder.js";

const CHECKS = ["ip", "udp", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
const WARNING = 0x600000; // expert severities: chat 0x200000, note 0x400000, warning 0x600000, error 0x800000

async function tshark(capture: Uint8Array | readonly Uint8Array[], ...args: string[]): Promise<string[]> {
  const file = join(scratchFolder(), "capture.pcapng");
  writeFileSync(file, Buffer.concat([capture].flat() as Uint8Array[]));
  const { code, stdout, stderr } = await run("tshark", ["-r", file, "-n", ...CHECKS, ...args]);
  expect(code, stderr).toBe(0);
  return stdout.split("\n").filter((line) => line !== "");
}

const fields = (...names: string[]): string[] => ["-T", "fields", ...names.flatMap((name) => ["-e", name])];

interface Verdict {
  /** Warnings, errors, checksums that are not good: what it says of each such packet. */
  readonly complaints: readonly string[];
  /** Packets in which its TCP analysis sees anything at all, such as a retransmission. */
  readonly analysed: number;
}

const BAD = `(_ws.expert.severity >= ${WARNING} || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 || _ws.malformed)`;

async function verdict(capture: Uint8Array | readonly Uint8Array[]): Promise<Verdict> {
  const shown = ["_ws.expert.severity", "ip.checksum.status", "udp.checksum.status", "tcp.checksum.status"];
  const lines = await tshark(
    capture,
    "-Y",
    `${BAD} || tcp.analysis.flags`,
    ...fields(...shown, "tcp.analysis.flags", "_ws.expert.message"),
  );
  const rows = lines.map((line) => line.split("\t"));
  const isBad = ([severities = "", ...statuses]: string[]): boolean =>
    severities.split(",").some((one) => Number(one) >= WARNING) || statuses.slice(0, 3).some((one) => one === "0");
  return {
    complaints: rows.filter(isBad).map((row) => row[5] ?? ""),
    analysed: rows.filter((row) => row[4] !== "").length,
  };
}

itWith("tshark", "N44: it reads UDP over IPv4 and IPv6: fields, comments, names, good checksums", async () => {
  const packets = smallCapture().slice(0, 4);
  expect(await verdict(packets)).toEqual({ complaints: [], analysed: 0 });
  const shown = fields(
    "frame.time_epoch",
    "ip.src",
    "ipv6.src",
    "udp.dstport",
    "udp.payload",
    "udp.checksum.status",
    "frame.comment",
  );
  expect(await tshark(packets, ...shown)).toEqual([
    "1700000000.001500000\t10.0.0.1\t\t7\t6f6464\t1\tlost: drop",
    "1700000000.002000000\t10.0.0.2\t\t50000\tcc7d5c\t1\t",
    "1700000000.002001000\t\tfe80::1\t65535\t736978\t1\t",
  ]);
  expect((await tshark(packets, "-N", "n", "-c", "1", "-T", "fields", "-e", "ip.src_host")).join()).toBe("client");
});

itWith("tshark", "N44: it does complain of a capture in which one bit is wrong", async () => {
  const verdicts = [1, 3, 5].map(async (piece) => {
    const pieces = smallCapture().map((bytes) => bytes.slice());
    const broken = pieces[piece] ?? new Uint8Array();
    broken[28 + 20 + 4] = (broken[28 + 20 + 4] ?? 0) ^ 0x10; // block header, then an IPv4 header: a port or an address
    expect((await verdict(pieces)).complaints).not.toEqual([]);
  });
  await Promise.all(verdicts);
});

const A = { address: "127.0.0.1", port: 40_000 };
const B = { address: "127.0.0.1", port: 80 };
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);

itWith("tshark", "N44: it follows a TCP stream in many segments, with a half-close, without a warning", async () => {
  const followed = ["127.0.0.1", "::1"].map(async (address) => {
    const writer = new PcapngWriter();
    const tcp = new TcpCapture(writer, { ...A, address }, { ...B, address });
    const capture = [
      writer.header(),
      tcp.open(0),
      tcp.data(1, "client", pattern(300)),
      tcp.end(2, "client"),
      tcp.data(3, "server", pattern(200_000)),
      tcp.data(4, "server", pattern(5)),
      tcp.end(5, "server"),
    ];
    expect(await verdict(capture)).toEqual({ complaints: [], analysed: 0 });
    const segments = (await tshark(capture, "-Y", "tcp.len > 0", ...fields("tcp.srcport", "tcp.payload"))).map((line) =>
      line.split("\t"),
    );
    const sent = (from: string): string => segments.map(([port, bytes]) => (port === from ? bytes : "")).join("");
    expect(sent("40000")).toBe(Buffer.from(pattern(300)).toString("hex"));
    expect(sent("80")).toBe(Buffer.concat([pattern(200_000), pattern(5)]).toString("hex"));
    const stream = await tshark(capture, "-q", "-z", "follow,tcp,raw,0");
    const down = stream.filter((line) => line.startsWith("\t")).map((line) => line.trim());
    expect(down.join("")).toBe(sent("80"));
  });
  await Promise.all(followed);
});

itWith("tshark", "N44: a reset and a refusal are its only remarks, also where ports are used again", async () => {
  const writer = new PcapngWriter();
  const connections = [1, 2, 3].map(() => new TcpCapture(writer, A, B));
  const [first, second, third] = connections;
  const capture = [
    writer.header(),
    first?.open(0),
    first?.data(1, "client", pattern(10)),
    first?.reset(2, "server"),
    first?.data(3, "client", pattern(10)),
    second?.open(4),
    second?.data(5, "server", pattern(10)),
    second?.end(6, "server"),
    second?.reset(7, "client"),
    third?.connect(8),
    third?.refuse(9),
  ].filter((piece) => piece !== undefined);
  const { complaints, analysed } = await verdict(capture);
  expect(complaints.length).toBe(3);
  expect(complaints.every((message) => message.includes("Connection reset (RST)"))).toBe(true);
  expect(analysed).toBe(2); // the two later connections, of the same ports as the first
});

itWith("tshark", "N43 N44: a trace with losses has no warning at any viewpoint", async () => {
  const viewpoints = ["sender", "receiver", { node: "client" }, { node: "server" }] as const;
  const verdicts = viewpoints.map(async (at) => {
    const seesBoth = at === "sender" || (typeof at === "object" && at.node === "client");
    // The segment that is lost and sent again is the only thing that it remarks on, and only where both are seen.
    expect(await verdict(capturePcapng(streamTrace(), { at }))).toEqual({ complaints: [], analysed: seesBoth ? 1 : 0 });
  });
  await Promise.all(verdicts);
  const trace = new TraceBuilder();
  for (let index = 0; index < 20; index++) {
    const sent = trace.send(index, "a", "b", pattern(index * 40));
    if (index % 3 === 0) trace.isLost(sent, "drop");
    else trace.arrives(sent, index + 10).arrives(sent, index + 11, { copy: 1 });
  }
  const received = capturePcapng(trace.events(), { at: "receiver" });
  const [sentOne, receivedOne, lines] = await Promise.all([
    verdict(capturePcapng(trace.events())),
    verdict(received),
    tshark(received, "-Y", "udp"),
  ]);
  expect([sentOne.complaints, receivedOne.complaints, lines.length]).toEqual([[], [], 26]);
});
