import { expect, it } from "vitest";
import type { ClientOutput } from "../../src/core/client-messages.js";
import { printable, printableJson } from "../../src/core/printable.js";
import { renderTranscript, TranscriptRecorder } from "../../src/core/transcript.js";

it("an exchange is drawn as a sequence diagram, bodies as their length", () => {
  const first = new TranscriptRecorder(1);
  const second = new TranscriptRecorder(2);
  const bytes = new Uint8Array(0);
  const slice = { type: "get_slice", name: "film.mp4", offset: 0, size: 4_194_304, raw: false } as const;
  const body = { type: "body", id: 2, encoding: "base64", chunk: bytes, bytes: 2_097_152 } as const;
  const said: [number, TranscriptRecorder, ClientOutput][] = [
    [10, first, { type: "send", id: 1, bytes, request: { type: "get_metadata", name: "film.mp4" } }],
    [10.5, first, { type: "reply", id: 1, code: 0, text: "OK", size: 4_194_304 }],
    [11, first, { type: "send", id: 2, bytes, request: slice }],
    [12, second, { type: "send", id: 3, bytes, request: { type: "get_file_listing" } }],
    [13, first, body],
    [14, first, body],
    [15, first, { type: "reply", id: 2, code: 0, text: "OK" }],
    [16, second, { type: "names", id: 3, names: ["a", "b"] }],
    [17, second, { type: "reply", id: 3, code: 0, text: "OK\x1b[2J" }],
  ];
  expect(renderTranscript(said.flatMap(([at, recorder, output]) => recorder.observe(at, output)))).toBe(`\
      ms  conn  client                                             server
     0.0  #1    get_metadata film.mp4                        --->
     0.5  #1                                                 <---  0 OK
     0.5  #1                                                 <---  4194304
     1.0  #1    get_slice film.mp4 0 4194304                 --->
     2.0  #2    get_file_listing                             --->
     5.0  #1                                                 <---  0 OK
     5.0  #1                                                 <---  ... 4,194,304 bytes as base64
     7.0  #2                                                 <---  0 OK\\x1b[2J
     7.0  #2                                                 <---  ... 2 names
`);
});

it("H37: text of a server's is shown without anything that steers a terminal", () => {
  expect(printable("\x1b[31mred\x07 \x9b \u202e\u2028 plain ñ 漢")).toBe(
    "\\x1b[31mred\\x07 \\x9b \\u{202e}\\u{2028} plain ñ 漢",
  );
});

it("H37: in JSON the same characters are \\uXXXX, and what is read is the same", () => {
  const value = { name: "\x9b31m\u202e\u2028 \u{e0001} \x07\x7f plain ñ 漢 😀\n" };
  const text = printableJson(value);
  expect(text).toBe('{"name":"\\u009b31m\\u202e\\u2028 \\udb40\\udc01 \\u0007\\u007f plain ñ 漢 😀\\n"}');
  expect(JSON.parse(text)).toEqual(value);
});
