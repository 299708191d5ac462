/** How long messages are, and the one that the document takes apart (docs/broadcast.md B1, B3). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { layoutsOf } from "../../../../test/layouts.js";
import { decode, encode } from "../../src/core/codec.js";
import { hello, NO_TOKEN, Rig } from "./rig.js";

const FRAME_HEADER_BYTES = 8;

test("B1: a HELLO without its texts has 69 bytes, a WELCOME without its members 90", () => {
  const { room, name } = hello(1);
  expect(encode(hello(1)).length - FRAME_HEADER_BYTES - room.length - name.length).toBe(69);
  const rig = new Rig();
  const { welcome } = rig.observe({ token: NO_TOKEN });
  expect(welcome.members).toEqual([]);
  expect(encode(welcome).length - FRAME_HEADER_BYTES).toBe(90);
});

test("B3: the PUBLISH that the document takes apart is the vector, byte for byte", () => {
  const document = readFileSync(new URL("../../../../docs/broadcast.md", import.meta.url), "utf8");
  const layout = layoutsOf(document).find(({ title }) => title === "PUBLISH");
  const hex = layout?.pieces.map((piece) => piece.hex).join("") ?? "";
  const vectors = JSON.parse(readFileSync(new URL("../vectors/messages.json", import.meta.url), "utf8"));
  expect(hex).toBe(vectors["PUBLISH"]);
  expect(decode(Buffer.from(hex, "hex"), "client")).toMatchObject({ type: "publish", firstClientSeq: 13 });
});
