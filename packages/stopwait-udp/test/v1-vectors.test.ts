/** The vectors that test/vectors/v1_packets.py made from the packet table, without our codec. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../test/components.js";
import { CLIENT, Pair, type PairOptions, text } from "./v1-pair.js";

const folder = join(import.meta.dirname, "vectors");
const script = join(folder, "v1_packets.py");

interface Exchange {
  readonly name: string;
  readonly packets: readonly { readonly from: "client" | "server"; readonly hex: string }[];
}
const vectors = JSON.parse(readFileSync(join(folder, "v1-packets.json"), "utf8")) as Record<string, Exchange>;

function packetsOf(operation: "get" | "put", options: PairOptions): Exchange["packets"] {
  return new Pair(operation, options).run().sent.map(({ from, bytes }) => ({
    from: from.port === CLIENT.port ? "client" : "server",
    hex: Buffer.from(bytes).toString("hex"),
  }));
}

describe("S5, I12: on a perfect channel our machines send exactly the packets of the vectors", () => {
  it("GET of 8,080 bytes", () => {
    const source = new Uint8Array(readFileSync(join(folder, "text.txt")));
    expect(source.length).toBe(8_080);
    const client = { remoteName: "text.txt" };
    const packets = packetsOf("get", { client, serverDisk: { files: { "text.txt": source } } });
    expect(packets.length).toBe(164);
    expect(packets).toEqual(vectors["get"]?.packets);
  });

  it("PUT of 250 bytes", () => {
    const source = text("A".repeat(100) + "B".repeat(100) + "C".repeat(50));
    const client = { remoteName: "t.txt" };
    const packets = packetsOf("put", { client, clientDisk: { files: { file: source } } });
    expect(packets).toEqual(vectors["put"]?.packets);
  });

  it("GET of a missing file", () => {
    expect(packetsOf("get", { client: { remoteName: "no" } })).toEqual(vectors["missing"]?.packets);
  });
});

itWith("python3", "S5: the committed vectors are what the script makes of the packet table", () => {
  const { status, stderr } = spawnSync("python3", [script, "--check"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
