/**
 * Real transfers of v1 through the real proxy, whose capture is compared with the vectors of a separate script: what is
 * on the wire, seen by neither our codec nor our sockets (docs/stopwait-udp.md, S5).
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { itWith } from "../../../test/components.js";
import { run } from "../../../test/process.js";
import { startBundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";
import { parsePcapng } from "../../simnet/test/parse-pcapng.js";
import { get, put, serve } from "../src/index.js";

interface Exchange {
  readonly name: string;
  readonly packets: readonly { readonly from: "client" | "server"; readonly hex: string }[];
}

const vectorFolder = join(import.meta.dirname, "vectors");
const vectors = JSON.parse(readFileSync(join(vectorFolder, "v1-packets.json"), "utf8")) as Record<string, Exchange>;
const proxyCommand = new URL("../../simnet/src/cli/main.ts", import.meta.url);

/** Runs a transfer through `simnet udp-proxy --pcap`, and resolves with the capture's path and the proxy's port. */
async function capturing(
  transfer: (place: { readonly port: number; readonly folder: string }) => Promise<unknown>,
): Promise<{ capture: string; port: number }> {
  const folder = scratchFolder();
  const directory = join(folder, "served");
  mkdirSync(directory);
  copyFileSync(join(vectorFolder, "text.txt"), join(directory, "text.txt"));
  const { server, port: target } = await serve({ directory, port: 0, writable: true });
  await using _ = server;
  const capture = join(folder, "capture.pcapng");
  const args = ["udp-proxy", "--listen", "0", "--to", `127.0.0.1:${target}`, "--pcap", capture];
  await using proxy = startBundled(proxyCommand, args);
  const port = await proxy.port();
  await transfer({ port, folder });
  proxy.signal("SIGTERM");
  expect((await proxy.exited).code).toBe(0);
  return { capture, port };
}

function packetsOf(capture: string, port: number): Exchange["packets"] {
  return parsePcapng(readFileSync(capture)).packets.map(({ sourcePort, payload }) => ({
    from: sourcePort === port ? "server" : "client",
    hex: Buffer.from(payload).toString("hex"),
  }));
}

const fetchText: Parameters<typeof capturing>[0] = ({ port, folder }) =>
  get({ port, version: 1, name: "text.txt", to: join(folder, "copy.txt") });

describe("S5, I12: what the proxy captured of v1 is, packet by packet, what the script made of the packet table", () => {
  it("GET of 8,080 bytes of text", async () => {
    const { capture, port } = await capturing(fetchText);
    const packets = packetsOf(capture, port);
    expect(packets.length).toBe(164);
    expect(packets).toEqual(vectors["get"]?.packets);
  });

  it("PUT of 250 bytes", async () => {
    const { capture, port } = await capturing(({ port, folder }) => {
      const path = join(folder, "t.txt");
      writeFileSync(path, "A".repeat(100) + "B".repeat(100) + "C".repeat(50));
      return put({ port, version: 1, name: "t.txt", from: path });
    });
    expect(packetsOf(capture, port)).toEqual(vectors["put"]?.packets);
  });

  itWith("tshark", "GET, as tshark reads the capture", async () => {
    const { capture, port } = await capturing(fetchText);
    const checks = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    const fields = ["-T", "fields", "-e", "udp.srcport", "-e", "udp.payload", "-e", "_ws.expert.message"];
    const { code, stdout } = await run("tshark", ["-r", capture, ...checks, ...fields]);
    expect(code).toBe(0);
    const packets = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(packets.every(([, , complaint = ""]) => complaint === "")).toBe(true);
    expect(packets.map(([source, hex]) => ({ from: Number(source) === port ? "server" : "client", hex }))).toEqual(
      vectors["get"]?.packets,
    );
  });
});
