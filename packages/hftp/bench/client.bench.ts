/** The client's bar: four connections are at least as fast as one, and the file is the same. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFile } from "../../../bench/built.js";
import type { Contender, Row } from "../../../bench/row.js";
import { type RunningProcess, start } from "../../../test/process.js";
import { PATTERN } from "./pattern.js";
import { startOurs } from "./server-process.js";

const MIB = 1024 * 1024;

function fetching(connections: number): Contender {
  const base = mkdtempSync(join(tmpdir(), "hftp-bench-"));
  let server: RunningProcess | undefined;
  let port = 0;
  const get = async (name: string): Promise<string> => {
    const cli = builtFile("hftp", "cli/main").pathname;
    const to = join(base, "fetched");
    const args = ["get", `127.0.0.1:${port}`, name, "-o", to, "--force", "--json", "--parallel", String(connections)];
    const { code, stderr } = await start(process.execPath, [cli, ...args]).exited;
    if (code !== 0) throw new Error(`hftp get ended with ${code}: ${stderr}`);
    return to;
  };
  return {
    prepare: async () => {
      for (const [name, size] of [
        ["large", 256 * MIB],
        ["small", 9 * MIB + 1],
      ] as const) {
        writeFileSync(join(base, name), Buffer.alloc(size, PATTERN));
      }
      server = startOurs(base);
      port = await server.port();
    },
    output: async () =>
      createHash("sha256")
        .update(readFileSync(await get("small")))
        .digest("hex"),
    measure: async (smoke) => {
      const name = smoke ? "small" : "large";
      const began = performance.now();
      const fetched = await get(name);
      const seconds = (performance.now() - began) / 1000;
      if (!readFileSync(fetched).equals(readFileSync(join(base, name)))) throw new Error("the file is not the same");
      return (smoke ? 9 : 256) / seconds;
    },
    close: async () => {
      await server?.[Symbol.asyncDispose]();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

export const rows: readonly Row[] = [
  {
    what: "hftp get: 256 MiB over four connections, next to one",
    floor: fetching(1),
    ours: fetching(4),
    unit: "MiB/s",
    bar: 1,
    direction: "at least",
    rounds: 15, // the two are within a few per cent of each other
  },
];
