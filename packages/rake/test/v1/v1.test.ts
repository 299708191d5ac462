/** Wire v1 in both dialects, by the vectors of the course's programs (docs/rake.md R8, R9). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  encodeV1,
  isText,
  RemoteProtocolError,
  V1Decoder,
  type V1Event,
  type V1Message,
} from "../../src/core/index.js";
import { REFUSED } from "./refused-rows.js";
import { bytesOf, hear, LIMITS, type Part, string } from "./streams.js";

interface Vector {
  readonly name: string;
  readonly dir: "C" | "S";
  readonly hex: string;
}
const { vectors } = JSON.parse(readFileSync(join(import.meta.dirname, "../vectors/rake-v1-vectors.json"), "utf8")) as {
  readonly vectors: readonly Vector[];
};

const body = (text: string | Uint8Array): readonly V1Event[] => [
  { type: "BODY", bytes: new Uint8Array(Buffer.from(text)) },
  { type: "BODY_END" },
];
const binary = Uint8Array.of(0, 255, 1);
const both = new Uint8Array(Buffer.concat([Buffer.from("hi\n"), binary]));
const execute = (command: string): readonly [readonly Part[], readonly V1Event[]] => [
  [5, string(command)],
  [{ type: "EXECUTE", command }],
];
const STDERR = "echo oops >&2; echo o; exit";

/** What each vector is made of, in their order, and what it says. */
const SAID: readonly (readonly [readonly Part[], readonly V1Event[]])[] = [
  [[1], [{ type: "QUOTE_REQUEST" }]],
  [[2, 17], [{ type: "QUOTE_REPLY", cost: 17 }]],
  [
    [4, string("a.txt"), 3, "hi\n"],
    [{ type: "SEND_FILE", name: "a.txt", size: 3 }, ...body("hi\n")],
  ],
  [
    [3, string("b.bin"), 3, binary],
    [{ type: "BIN_FILE", name: "b.bin", size: 3 }, ...body(binary)],
  ],
  [[10], [{ type: "ACK" }]],
  execute("true"),
  [[11, 0], [{ type: "NO_OUTPUT" }]],
  execute("cp a.txt out.txt"),
  [
    [6, 0, 9, string("out.txt"), 3, "hi\n"],
    [{ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "out.txt", size: 3 }, ...body("hi\n")],
  ],
  execute("cat a.txt b.bin > out.bin"),
  [
    [6, 0, 9, string("out.bin"), 6, both],
    [{ type: "RETURN_STATUS" }, { type: "RETURN_FILE", name: "out.bin", size: 6 }, ...body(both)],
  ],
  execute(`${STDERR} 1`),
  [
    [8, 1, string("oops\n")],
    [{ type: "RETURN_STDERR", status: 1, size: 5 }, ...body("oops\n")],
  ],
  execute(`${STDERR} 7`),
  [
    [7, 7, string("o\n")],
    [{ type: "RETURN_STDOUT", status: 7, size: 2 }, ...body("o\n")],
  ],
  execute("echo hello"),
  [[7], []],
];

const sideOf = ({ dir }: Vector): "client" | "server" => (dir === "C" ? "client" : "server");

describe.each(["v1-4", "v1-8"] as const)("R8, R9: the vectors in dialect %s", (dialect) => {
  it.each(vectors.map((vector, index) => [vector.name, vector, index] as const))("%s", (_name, vector, index) => {
    const [parts, events] = SAID[index] as (typeof SAID)[number];
    const bytes = bytesOf(dialect, parts);
    // The vectors have the bytes of v1-4; those of v1-8 have the same fields.
    expect(Buffer.from(bytesOf("v1-4", parts)).toString("hex")).toBe(vector.hex);
    const heard = hear(dialect, sideOf(vector), [bytes]);
    expect(heard.error).toBeUndefined();
    expect(heard.events).toEqual(events);
    if (events.length === 0) return;
    const written = events.map((event) => {
      if (event.type === "BODY_END") return new Uint8Array(0);
      return event.type === "BODY" ? event.bytes : encodeV1(dialect, event);
    });
    expect(Buffer.concat(written).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
  });

  it("a whole action: two files and a command; two ACKs and a file", () => {
    const [text, file] = [SAID[2], SAID[3]].map((one) => one as (typeof SAID)[number]) as [
      (typeof SAID)[number],
      (typeof SAID)[number],
    ];
    const said = hear(dialect, "client", [bytesOf(dialect, [...text[0], ...file[0], 5, string("true")])]);
    expect(said).toEqual({
      events: [...text[1], ...file[1], { type: "EXECUTE", command: "true" }],
      error: undefined,
      isDone: true,
    });
    const answered = hear(dialect, "server", [bytesOf(dialect, [10, 10, 6, 0, 9, string("o"), 0])]);
    expect(answered.events.map(({ type }) => type)).toEqual(["ACK", "ACK", "RETURN_STATUS", "RETURN_FILE", "BODY_END"]);
    expect(answered.isDone).toBe(true);
  });

  it("R9: a side is done with its last byte, not before", () => {
    for (const parts of [[1], [4, string("a"), 1, "x", 5, string("true")], [5, string("")]] as Part[][]) {
      const bytes = bytesOf(dialect, parts);
      for (let end = 0; end <= bytes.length; end++) {
        const { isDone } = hear(dialect, "client", [bytes.subarray(0, end)]);
        expect(isDone, `${end} of ${bytes.length}`).toBe(end === bytes.length);
      }
    }
    for (const parts of [
      [2, 5],
      [10, 11, 0],
      [6, 0, 9, string("o"), 2, "xy"],
      [8, 3, string("no")],
    ] as Part[][]) {
      const bytes = bytesOf(dialect, parts);
      for (let end = 0; end <= bytes.length; end++) {
        const { isDone } = hear(dialect, "server", [bytes.subarray(0, end)]);
        expect(isDone, `${end} of ${bytes.length}`).toBe(end === bytes.length);
      }
    }
  });

  it.each(REFUSED)("R9: refused: %s", (_name, side, parts, text) => {
    const { error, isDone } = hear(dialect, side, [bytesOf(dialect, parts)]);
    expect(error).toMatch(text);
    expect(isDone).toBe(false);
  });

  it("R9: what came before a fault is heard, and nothing behind it", () => {
    const decoder = new V1Decoder(dialect, "client", LIMITS);
    const heard: V1Event[] = [];
    const read = (bytes: Uint8Array) => {
      for (const event of decoder.read(bytes)) heard.push(event);
    };
    expect(() => read(bytesOf(dialect, [3, string("a"), 1, "x", 9]))).toThrow(RemoteProtocolError);
    expect(heard.map(({ type }) => type)).toEqual(["BIN_FILE", "BODY", "BODY_END"]);
    expect(() => read(bytesOf(dialect, [5, string("true")]))).toThrow(RemoteProtocolError);
    expect(heard).toHaveLength(3);
  });

  it("R9: a body is handed on as it comes, as views of what was read", () => {
    const decoder = new V1Decoder(dialect, "client", { ...LIMITS, maxFileBytes: 2 ** 32 - 1 });
    expect([...decoder.read(bytesOf(dialect, [3, string("a"), 2 ** 32 - 1]))]).toHaveLength(1);
    const piece = new Uint8Array(64);
    const [event] = [...decoder.read(piece)];
    expect(event?.type === "BODY" && event.bytes.buffer).toBe(piece.buffer);
  });

  it.each<readonly [string, V1Message]>([
    ["a name in a folder", { type: "SEND_FILE", name: "a/b", size: 1 }],
    ["a name of 256 bytes", { type: "RETURN_FILE", name: "é".repeat(128), size: 1 }],
    ["status 0", { type: "RETURN_STDOUT", status: 0, size: 1 }],
    ["a negative size", { type: "BIN_FILE", name: "a", size: -1 }],
    ["a size above 2^53 - 1", { type: "BIN_FILE", name: "a", size: 2 ** 53 }],
  ])("is not written: %s", (_name, message) => {
    expect(() => encodeV1(dialect, message)).toThrow(RangeError);
  });
});

describe("R8: what only one dialect can say", () => {
  it("a size of 2^32 in v1-8, not in v1-4", () => {
    const message = { type: "BIN_FILE", name: "a", size: 2 ** 32 } as const;
    expect(() => encodeV1("v1-4", message)).toThrow(RangeError);
    expect(encodeV1("v1-8", message)).toEqual(new Uint8Array(bytesOf("v1-8", [3, string("a"), 2 ** 32])));
  });

  it("an integer above 2^53 - 1 in v1-8 is refused", () => {
    const { error } = hear("v1-8", "server", [bytesOf("v1-8", [2, 2n ** 53n])]);
    expect(error).toBe("BAD_MESSAGE: a cost is above 2^53-1");
  });

  it("R11: a cost above 2^32 - 1 is said as that, in both", () => {
    for (const dialect of ["v1-4", "v1-8"] as const) {
      const written = encodeV1(dialect, { type: "QUOTE_REPLY", cost: 2 ** 40 });
      expect(written).toEqual(new Uint8Array(bytesOf(dialect, [2, 2 ** 32 - 1])));
    }
  });
});

describe("R9: what our client calls text", () => {
  it.each<readonly [string, Uint8Array, boolean, boolean]>([
    ["nothing", new Uint8Array(0), true, true],
    ["ASCII", Buffer.from("int main;\n"), true, true],
    ["UTF-8", Buffer.from("Jürgen"), true, true],
    ["a NUL", Buffer.from("a\0b"), true, false],
    ["a byte that is none of UTF-8", Uint8Array.of(0xff), true, false],
    ["a cut character that goes on", Uint8Array.of(0x61, 0xc3), false, true],
    ["a cut character that does not", Uint8Array.of(0x61, 0xc3), true, false],
  ])("%s", (_name, bytes, isWhole, expected) => {
    expect(isText(bytes, isWhole)).toBe(expected);
  });
});
