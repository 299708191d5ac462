/** The drawn messages of docs/: boxes, vector and codec say the same. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decode as decodeBroadcast } from "../packages/broadcast/src/core/index.js";
import { TYPE as BROADCAST } from "../packages/broadcast/src/core/message-types.js";
import { decodeMessage as decodeElection } from "../packages/election/src/core/index.js";
import { BODY_TYPES } from "../packages/election/src/core/messages.js";
import { encodeFrame } from "../packages/framing/src/core/index.js";
import { decodeClientMessage, decodeServerMessage } from "../packages/rake/src/core/index.js";
import { isOfClients, TYPE as RAKE } from "../packages/rake/src/core/message-types.js";
import { V1_CODE } from "../packages/rake/src/core/v1-messages.js";
import * as packets from "../packages/stopwait-udp/src/core/v2-packet.js";
import { type Layout, layoutsOf, misfits, numbersOf } from "./layouts.js";

const root = join(import.meta.dirname, "..");
const vectorsIn = (path: string) => JSON.parse(readFileSync(join(root, "packages", path), "utf8"));

interface Drawn {
  readonly document: string;
  /** Every type that the codec's own table has. */
  readonly types: readonly string[];
  /** Types that the document names as too short to be drawn. */
  readonly short: readonly string[];
  /** The bytes of the message that a title names; of a part, "x of a Y", those of the Y. */
  readonly vector: (title: string) => string | undefined;
  /** What stands before the bytes of a layout, in hexadecimal digits. */
  readonly headerDigits?: (title: string) => number;
  readonly decode?: (vector: string, title: string) => object | undefined;
}

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const broadcast = vectorsIn("broadcast/test/vectors/messages.json");
const election = vectorsIn("election/test/vectors/messages.json");
const rake = vectorsIn("rake/test/vectors/messages.json");
const rakeV1: { name: string; hex: string }[] = vectorsIn("rake/test/vectors/rake-v1-vectors.json").vectors;
const stopwait = vectorsIn("stopwait-udp/test/vectors/v2-packets.json");
const capture = readFileSync(join(root, "packages/simnet/test/vectors/capture.hex"), "utf8");
const hftpRows = readFileSync(join(root, "docs/hftp.md"), "utf8").split("\n");
const electionKey = (name: string) => `${name[0]?.toLowerCase()}${name.slice(1)}`;
const v1Begins: Readonly<Record<string, string>> = {
  "v1: BIN_FILE": "text file a.txt",
  "v1: EXECUTE": "execute true",
  "v1: RETURN_STATUS": "success + returned file out.txt",
  "v1: RETURN_STDOUT": "exit 1..4",
};

/** "a of a B", "A, B" and "A" are found under B, A and A. */
const nameIn = (title: string) => (/ of an? (\w+)/.exec(title)?.[1] ?? title).split(", ")[0] ?? "";

const drawn: readonly Drawn[] = [
  {
    document: "broadcast.md",
    types: Object.keys(BROADCAST).map((name) => name.toUpperCase()),
    short: ["PING", "PONG", "CHALLENGE", "AUTH", "STABLE"],
    vector: (title) => broadcast[nameIn(title)],
    decode: (vector, title) =>
      decodeBroadcast(bytes(vector), ["HELLO", "PUBLISH", "ACK"].includes(title) ? "client" : "server"),
  },
  {
    document: "election.md",
    types: BODY_TYPES.map((name) => `${name[0]?.toUpperCase()}${name.slice(1)}`),
    short: ["Announce", "Probe", "Offer", "Watch"],
    vector: (title) => election[electionKey(nameIn(title))]?.payload,
    headerDigits: (title) => (title === "Hello" ? 0 : 2 * 32),
    decode: (vector) => {
      const { header, body } = decodeElection(bytes(vector));
      return { ...header, ...body };
    },
  },
  {
    document: "rake.md",
    types: [...Object.keys(RAKE), ...Object.keys(V1_CODE).map((name) => `v1: ${name}`)],
    short: [
      ...["AUTH", "STARTED", "CANCEL", "EXPIRED", "RELEASE", "CREDIT", "PING", "PONG"],
      ...["QUOTE_REQUEST", "ACK", "QUOTE_REPLY", "NO_OUTPUT"].map((name) => `v1: ${name}`),
    ],
    vector: (title) => {
      const v1 = v1Begins[nameIn(title)];
      return v1 === undefined ? rake[nameIn(title)] : rakeV1.find(({ name }) => name.startsWith(v1))?.hex;
    },
    decode: (vector, title) => {
      if (title.startsWith("v1")) return undefined;
      const isClients = isOfClients(nameIn(title) as Parameters<typeof isOfClients>[0]);
      return isClients ? decodeClientMessage(bytes(vector)) : decodeServerMessage(bytes(vector));
    },
  },
  {
    document: "stopwait-udp.md",
    types: Object.keys(packets.Type),
    short: [],
    vector: (title) =>
      title === "A of a PUT" ? Buffer.from("AF00003ack").toString("hex") : (stopwait[title] ?? stopwait[nameIn(title)]),
    decode: (vector, title) => {
      const packet = bytes(vector);
      const read = { type: packets.typeOf(packet), flags: packets.flagsOf(packet), block: packets.blockOf(packet) };
      const counts = { counter: packets.counterOf(packet), credit: packets.creditOf(packet) };
      return title === "DATA" ? { ...read, ...counts, length: packets.payloadOf(packet).length } : undefined;
    },
  },
  {
    document: "simnet.md",
    types: [],
    short: [],
    vector: () => capture.replaceAll(/\s/g, ""),
  },
  {
    document: "framing.md",
    types: [],
    short: [],
    vector: () => Buffer.from(encodeFrame(new TextEncoder().encode("hi"))).toString("hex"),
  },
  {
    // Its vectors are a table of the document, which the package's own tests compare with what it says and reads.
    document: "hftp.md",
    types: ["a reply of status alone", "listing reply", "raw slice request", "slice reply", "raw slice reply"],
    short: [],
    vector: (title) =>
      hftpRows
        .find((row) => row.startsWith(`| ${title} |`))
        ?.split("`")[1]
        ?.replaceAll(" ", ""),
  },
];

describe.each(drawn)("$document", ({ document, types, short, vector, headerDigits, decode }) => {
  const text = readFileSync(join(root, "docs", document), "utf8");
  const layouts = layoutsOf(text);

  it("draws every type of the codec, or names it among those that are too short", () => {
    const version = (title: string) => (title.startsWith("v1: ") ? "v1: " : "");
    const titles = layouts.flatMap(({ title }) =>
      title
        .replace(/ with sack$/, "")
        .replace(/^v1: /, "")
        .split(", ")
        .map((name) => version(title) + name),
    );
    expect(layouts.length).toBeGreaterThan(0);
    expect(types.filter((type) => !titles.includes(type)).sort()).toEqual([...short].sort());
    const words = text.slice(text.indexOf("# Appendix: the messages, drawn")).replaceAll(/^```[\s\S]*?^```$/gm, "");
    for (const type of short) expect(words).toMatch(new RegExp(`\\b${type.replace("v1: ", "")}\\b`));
  });

  it.each(layouts.map((layout) => [layout.title, layout] as const))("%s: boxes and bytes fit", (title, layout) => {
    expect(misfits(layout)).toEqual([]);
    const whole = vector(title);
    const shown = layout.pieces.map(({ hex }) => hex).join("");
    if (/ of an? /.test(title) && title !== "A of a PUT" && document !== "hftp.md") expect(whole).toContain(shown);
    else expect(shown).toBe(whole?.slice(headerDigits?.(title) ?? 0));
  });

  if (decode === undefined) return;
  it("says the numbers that the codec reads", () => {
    let compared = 0;
    for (const layout of layouts.filter(({ title }) => !title.includes(" of a"))) {
      const read = decode(vector(layout.title) ?? "", layout.title) as Record<string, unknown> | undefined;
      for (const [name, number] of numbersOf(layout)) {
        if (typeof read?.[name] !== "number") continue;
        expect(number, `${layout.title}: ${name}`).toBe(read[name]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(5);
  });
});

describe("a layout does not fit its vector", () => {
  const lines = (...rows: string[]) => ["```text", "X", "", ...rows, "```", ""].join("\n");
  const boxes = [
    "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+",
    "|      type     |             count             |",
    "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+",
    `|${" ".repeat(30)}id${" ".repeat(31)}|`,
    `|${" ".repeat(63)}|`,
    "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+",
    "/                           name: text                          /",
    "+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+",
    "",
  ];
  const at = (hex: string, says: string) => `${hex.padEnd(35)}  ${says}`;
  const good = [at("01", "type = 1"), at("0002", "count = 2"), at("00000000 00000007", "id"), at("0161", 'name: "a"')];
  const misfitsOf = (pieces: string[]) =>
    layoutsOf(lines(...boxes, ...pieces)).flatMap((layout: Layout) => misfits(layout));

  it("where it does, nothing is amiss", () => expect(misfitsOf(good)).toEqual([]));

  it.each([
    ["a field is narrower", [good[0], at("02", "count = 2"), ...good.slice(2)], "X: count has 2 bytes, here 1"],
    ["fields change places", [good[1], good[0], ...good.slice(2)], "X: type has no bytes, or not in its turn"],
    ["a field is not drawn", [...good, at("00", "tail = 0")], "X: no box for tail = 0"],
    ["a number is another", [at("01", "type = 2"), ...good.slice(1)], "X: 01 is not type = 2"],
    ["a field is missing", good.slice(0, 3), "X: name has no bytes, or not in its turn"],
  ])("where %s", (_what, pieces, fault) => {
    expect(misfitsOf(pieces as string[])).toContain(fault);
  });
});
