import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeRequest, type Request, ServerSession } from "../../src/core/index.js";
import { Conversation } from "./conversation.js";
import { MemoryDirectory } from "./memory-directory.js";

const DOCUMENT = readFileSync(new URL("../../../../docs/hftp.md", import.meta.url), "utf8");

/** The bytes of a row of the table of vectors in docs/hftp.md. */
function vector(message: string): string {
  const row = DOCUMENT.split("\n").find((line) => line.startsWith(`| ${message} |`));
  const hex = row?.split("`")[1]?.replaceAll(" ", "");
  if (hex === undefined) throw new Error(`docs/hftp.md has no vector for ${message}`);
  return Buffer.from(hex, "hex").toString("latin1");
}

const REQUESTS: readonly (readonly [string, Request, string])[] = [
  ["listing request", { type: "get_file_listing" }, "listing reply"],
  ["metadata request", { type: "get_metadata", name: "a.txt" }, "metadata reply"],
  ["slice request", { type: "get_slice", name: "a.txt", offset: 0, size: 5, raw: false }, "slice reply"],
  ["raw slice request", { type: "get_slice", name: "a.txt", offset: 6, size: 5, raw: true }, "raw slice reply"],
];

describe("the vectors of the document", () => {
  it.each(REQUESTS)("H12 H23 H24: %s, written by the client and answered by the server", (name, request, reply) => {
    expect(Buffer.from(encodeRequest(request)).toString("latin1")).toBe(vector(name));
    const directory = new MemoryDirectory([["a.txt", Buffer.from("hello world")]]);
    expect(new Conversation(new ServerSession(), directory).send(vector(name)).received).toBe(vector(reply));
  });

  it("H7 H12 H25: help, quit, and a reply of status alone", () => {
    const encoded = (type: "help" | "quit"): string => Buffer.from(encodeRequest({ type })).toString("latin1");
    expect([encoded("help"), encoded("quit")]).toEqual([vector("help request"), vector("quit request")]);
    const conversation = new Conversation(new ServerSession(), new MemoryDirectory([]));
    expect(conversation.send("get_metadata a.txt\r\n").received).toBe(vector("a reply of status alone"));
  });
});
