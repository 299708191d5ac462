import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../test/components.js";
import { run } from "../../../test/process.js";
import { capturePcapng, PcapngWriter, TcpCapture } from "../src/core/index.js";
import { smallCapture } from "./capture-vector.js";
import { hex, parsePcapng } from "./parse-pcapng.js";
import { client, streamTrace, TraceBuilder } from "./trace-builder.js";

const SCRIPT = new URL("./vectors/make_capture.py", import.meta.url).pathname;
const VECTOR = readFileSync(new URL("./vectors/capture.hex", import.meta.url), "utf8");
const A = { address: "192.0.2.1", port: 1000 };
const B = { address: "192.0.2.2", port: 2000 };

describe("the vector", () => {
  it("N40 N41: a small capture equals, byte for byte, what a separate script makes of the formats", () => {
    expect(hex(Buffer.concat(smallCapture()))).toBe(VECTOR.replaceAll("\n", ""));
  });

  itWith("python3", "N40: the committed bytes are those of the script", async () => {
    expect(await run("python3", [SCRIPT])).toMatchObject({ code: 0, stdout: VECTOR });
  });
});

describe("N41: addresses", () => {
  const cases: [from: string, to: string, source: string, destination: string][] = [
    ["127.0.0.1", "::ffff:10.1.2.3", "127.0.0.1", "10.1.2.3"],
    ["::", "2001:DB8::1%eth0", "0000:0000:0000:0000:0000:0000:0000:0000", "2001:0db8:0000:0000:0000:0000:0000:0001"],
    ["1:2:3:4:5:6:7:8", "1::8", "0001:0002:0003:0004:0005:0006:0007:0008", "0001:0000:0000:0000:0000:0000:0000:0008"],
    ["192.0.2.1", "::1", "0000:0000:0000:0000:0000:ffff:c000:0201", "0000:0000:0000:0000:0000:0000:0000:0001"],
    [
      "64:ff9b::192.0.2.33",
      "::2",
      "0064:ff9b:0000:0000:0000:0000:c000:0221",
      "0000:0000:0000:0000:0000:0000:0000:0002",
    ],
  ];
  for (const [from, to, source, destination] of cases) {
    it(`${from} to ${to}`, () => {
      const packet = new PcapngWriter().udp(0, { address: from, port: 1 }, { address: to, port: 2 }, new Uint8Array(3));
      expect(parsePcapng(packet).packets).toMatchObject([{ source, destination }]);
    });
  }

  for (const address of [
    "",
    "localhost",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "::12345",
  ]) {
    it(`${JSON.stringify(address)} is refused`, () => {
      expect(() => new PcapngWriter().udp(0, { address, port: 1 }, B, new Uint8Array())).toThrow(
        new RangeError(`address must be an IPv4 or IPv6 address, not ${JSON.stringify(address)}`),
      );
    });
  }
});

it("N41: the packet in the document", () => {
  const document = readFileSync(new URL("../../../docs/simnet.md", import.meta.url), "utf8");
  const lines = /^(45 00[ 0-9a-f]*?) {2,}IPv4\n([ 0-9a-f]*?) {2,}UDP, "hi"$/m.exec(document);
  const [from, to] = [1, 2].map((number) => ({ address: `10.0.0.${number}`, port: number }));
  const block = new PcapngWriter().udp(0, from ?? A, to ?? B, new TextEncoder().encode("hi"));
  expect(hex(block.subarray(28, 58))).toBe(`${lines?.[1]}${lines?.[2]}`.replaceAll(" ", ""));
});

describe("N41: limits", () => {
  it("holds the largest UDP payloads, and refuses one byte more", () => {
    const six = { address: "::1", port: 1 };
    const writer = new PcapngWriter();
    expect(parsePcapng(writer.udp(0, A, B, new Uint8Array(65_507))).packets[0]?.payload.length).toBe(65_507);
    expect(parsePcapng(writer.udp(0, six, six, new Uint8Array(65_527))).packets[0]?.payload.length).toBe(65_527);
    expect(() => writer.udp(0, A, B, new Uint8Array(65_508))).toThrow(
      "payload must have at most 65507 bytes, not 65508",
    );
    expect(() => writer.udp(0, six, six, new Uint8Array(65_528))).toThrow(RangeError);
  });

  it("refuses ports and times that are none", () => {
    const writer = new PcapngWriter();
    expect(() => writer.udp(0, { ...A, port: 65_536 }, B, new Uint8Array())).toThrow("port must be an integer");
    expect(() => writer.udp(-1, A, B, new Uint8Array())).toThrow("atMs must be");
    expect(() => writer.udp(Number.NaN, A, B, new Uint8Array())).toThrow("atMs must be");
    expect(() => new PcapngWriter({ epochMs: -1 })).toThrow("epochMs must be");
  });
});

describe("N42: a TCP connection", () => {
  const flags = (...pieces: Uint8Array[]): string[] =>
    parsePcapng(Buffer.concat(pieces)).packets.map(({ tcp, sourcePort, payload }) => {
      return `${sourcePort === A.port ? ">" : "<"} ${tcp?.flags}${payload.length > 0 ? ` ${payload.length}` : ""}`;
    });
  const fresh = (): TcpCapture => new TcpCapture(new PcapngWriter(), A, B);

  it("begins with a handshake, also where nobody said so", () => {
    const handshake = ["> S", "< SA", "> A"];
    expect(flags(fresh().open(0))).toEqual(handshake);
    expect(flags(fresh().data(0, "server", new Uint8Array(2)))).toEqual([...handshake, "< PA 2", "> A"]);
    const asked = fresh();
    expect(flags(asked.connect(0), asked.end(1, "client"))).toEqual([...handshake, "> FA", "< A"]);
  });

  it("is refused with a reset, or given up by the client", () => {
    const refused = fresh();
    expect(flags(refused.connect(0), refused.refuse(1), refused.data(2, "client", new Uint8Array(1)))).toEqual([
      "> S",
      "< RA",
    ]);
    const given = fresh();
    expect(flags(given.connect(0), given.reset(1, "client"))).toEqual(["> S", "> R"]);
  });

  it("splits what is too long for one packet, and pushes the last piece", () => {
    const tcp = fresh();
    tcp.open(0);
    expect(flags(tcp.data(1, "client", new Uint8Array(131_000)))).toEqual(["> A 65495", "> A 65495", "> PA 10", "< A"]);
    expect(flags(tcp.data(1, "client", new Uint8Array(0)))).toEqual([]);
  });

  it("may go on one way after an end, and leaves out what cannot follow", () => {
    const tcp = fresh();
    tcp.open(0);
    expect(flags(tcp.end(1, "client"), tcp.data(2, "client", new Uint8Array(1)), tcp.end(3, "client"))).toEqual([
      "> FA",
      "< A",
    ]);
    expect(flags(tcp.data(4, "server", new Uint8Array(1)), tcp.reset(5, "server"))).toEqual(["< PA 1", "> A", "< RA"]);
    expect(flags(tcp.data(6, "server", new Uint8Array(1)), tcp.reset(7, "client"), tcp.open(8))).toEqual([]);
  });

  it("acknowledges what arrived without a gap, and the end with it", () => {
    const tcp = new TcpCapture(new PcapngWriter(), A, B, { initialSequence: { client: 2 ** 32 - 1, server: 5 } });
    tcp.open(0);
    tcp.dataSent(1, "client", new Uint8Array(10));
    tcp.dataSent(1, "client", new Uint8Array(5));
    tcp.endSent(1, "client");
    const answers = Buffer.concat([
      tcp.dataArrived(2, "client", 5, 10),
      tcp.endArrived(3, "client"),
      tcp.dataArrived(4, "client", 10, 0),
    ]);
    // The first byte has number 0: the SYN took 2^32 - 1.
    expect(parsePcapng(answers).packets.map(({ tcp: fields }) => fields?.acknowledgement)).toEqual([0, 0, 16]);
  });
});

describe("N43: where a simulated trace is captured", () => {
  const trace = new TraceBuilder();
  const twice = trace.send(0, "a", "b", "twice");
  trace.arrives(twice, 10).arrives(twice, 12, { copy: 1, corrupted: true, bytes: new TextEncoder().encode("twicf") });
  trace.isLost(trace.send(1, "a", "b", "gone"), "queue");
  trace.arrives(trace.send(2, "b", "a", "back"), 50, { reordered: true });
  trace.isLost(trace.send(3, "a", "c", "port"), "port", 13);
  const seen = (at: Parameters<typeof capturePcapng>[1]): string[] =>
    parsePcapng(capturePcapng(trace.events(), at)).packets.map(
      ({ microseconds, source, destination, payload, comment, identification }) =>
        `${microseconds / 1_000} ${source.at(-1)}>${destination.at(-1)} #${identification} ${new TextDecoder().decode(payload)}${comment === undefined ? "" : ` (${comment})`}`,
    );

  it("the sender sees what was sent, with its fate as a comment", () => {
    expect(seen({})).toEqual([
      "0 1>2 #1 twice (duplicate, corrupted)",
      "1 1>2 #2 gone (lost: queue)",
      "2 2>1 #3 back (held back)",
      "3 1>3 #4 port (lost: port)",
    ]);
  });

  it("the receiver sees what arrived, as it arrived", () => {
    expect(seen({ at: "receiver" })).toEqual([
      "10 1>2 #1 twice",
      "12 1>2 #1 twicf (duplicate, corrupted)",
      "13 1>3 #4 port (nobody is bound to the port)",
      "50 2>1 #3 back (held back)",
    ]);
  });

  it("a node sees what it sends and what reaches it", () => {
    expect(seen({ at: { node: "b" } })).toEqual([
      "2 2>1 #3 back (held back)",
      "10 1>2 #1 twice",
      "12 1>2 #1 twicf (duplicate, corrupted)",
    ]);
  });

  it("what a node sends to itself passes its interface once", () => {
    const own = new TraceBuilder();
    own.arrives(own.send(0, "a", "a", "me"), 1);
    expect(parsePcapng(capturePcapng(own.events(), { at: { node: "a" } })).packets.length).toBe(1);
  });

  it("N40: a name of any length leaves a capture that can be read", () => {
    const long = new TraceBuilder();
    for (const node of ["x".repeat(100_000), "ä".repeat(40_000)]) long.isLost(long.send(0, node, "b", "hi"), "drop");
    const { names, packets } = parsePcapng(capturePcapng(long.events()));
    expect([...names.values()].map(({ length }) => length <= 255)).toEqual([true, true, true]);
    expect(packets).toHaveLength(2);
  });

  it("nodes have the addresses that they are given, and names", () => {
    const { names, packets } = parsePcapng(
      capturePcapng(trace.events(), { addresses: { b: "10.0.0.1" }, epochMs: 5_000 }),
    );
    expect(names).toEqual(
      new Map([
        ["10.0.0.1", "b"],
        ["10.0.0.2", "a"],
        ["10.0.0.3", "c"],
      ]),
    );
    expect(packets[0]).toMatchObject({ source: "10.0.0.2", destination: "10.0.0.1", microseconds: 5_000_000 });
  });

  const stream = (at: "sender" | "receiver" | { node: string }): string[] =>
    parsePcapng(capturePcapng(streamTrace(), { at })).packets.map(
      ({ microseconds, sourcePort, tcp, payload, comment }) =>
        `${microseconds / 1_000} ${sourcePort === client.port ? ">" : "<"} ${tcp?.flags}${payload.length > 0 ? ` ${payload.length}` : ""}${comment === undefined ? "" : ` (${comment})`}`,
    );

  it("a lost segment is seen where it was sent, twice, and once where it arrived", () => {
    expect(stream("sender").slice(0, 10)).toEqual([
      "0 > S",
      "10 < SA",
      "10 > A",
      "20 > PA 1000",
      "21 > PA 500 (lost: drop)",
      "30 < A",
      "400 > PA 500",
      "400 > FA",
      "410 < A",
      "410 < A",
    ]);
    expect(stream("receiver").slice(0, 9)).toEqual([
      "10 > S",
      "10 < SA",
      "10 > A",
      "30 > PA 1000",
      "30 < A",
      "410 > PA 500",
      "410 < A",
      "410 > FA",
      "410 < A",
    ]);
    expect(stream({ node: "client" }).filter((line) => line.includes("70")).length).toBe(0);
    expect(stream({ node: "client" })).toContain("425 < A 65495");
    expect(stream({ node: "server" })).toContain("415 < A 65495");
    expect(stream({ node: "nobody" })).toEqual([]);
  });
});
