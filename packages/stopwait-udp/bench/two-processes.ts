/**
 * One end in a process of its own, the other here, for ours and for the floor alike: as it is when files are sent. One
 * process cannot show what a window, or work done while the other end has its turn, is good for. Files lie in memory
 * (/dev/shm) where there is such a place, so that it is not the disk that is measured. What it takes to start a process
 * is not counted.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, builtFile } from "../../../bench/built.js";
import type { Contender } from "../../../bench/row.js";
import { type RunningProcess, start, startTypeScript } from "../../../test/process.js";
import { fetchBlocks } from "./floors/ping-pong.js";

/** What is fetched in one measurement. */
export interface Load {
  readonly blockBytes: number;
  readonly window: number;
  readonly blocks: number;
  /** Of ours. */
  readonly checksum: "crc32c" | "crc32";
}

/** What is measured while blocks are fetched: wall seconds, or CPU seconds of both processes. */
export type Measure = "wall" | "cpu";

const SMOKE_BLOCKS = 20;
const SERVED = "file";

/** A folder with one file that is large enough for every row, made once and removed at exit. */
let made: { readonly folder: string; readonly content: Buffer } | undefined;
function served(): { readonly folder: string; readonly content: Buffer } {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "stopwait-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  made = { folder, content: randomBytes(4 * 2 ** 20) };
  return made;
}

/** Puts as many bytes under a name as are to be fetched. @returns the name */
function fileOf(bytes: number): string {
  const { folder, content } = served();
  const name = `${SERVED}-${bytes}`;
  const path = join(folder, name);
  if (!existsSync(path)) {
    const whole = Buffer.allocUnsafe(bytes);
    for (let at = 0; at < bytes; at += content.length) content.copy(whole, at);
    writeFileSync(path, whole);
  }
  return name;
}

type Fetch = (bytes: number) => Promise<Uint8Array | string>;

function contender(
  load: Load,
  measured: Measure,
  begin: () => Promise<{ server: RunningProcess; fetch: Fetch }>,
): Contender {
  let running: { readonly server: RunningProcess; readonly fetch: Fetch } | undefined;
  const started = (): { readonly server: RunningProcess; readonly fetch: Fetch } => {
    if (running === undefined) throw new Error("prepare() comes first");
    return running;
  };
  const { blockBytes } = load;
  return {
    prepare: async () => {
      running = await begin();
    },
    output: async () => {
      const fetched = await started().fetch(SMOKE_BLOCKS * blockBytes + 1);
      return createHash("sha256")
        .update(typeof fetched === "string" ? readFileSync(fetched) : fetched)
        .digest("hex");
    },
    measure: async (smoke) => {
      const blocks = smoke ? SMOKE_BLOCKS : load.blocks;
      const { server, fetch } = started();
      fileOf(blocks * blockBytes);
      const used = (): number => process.cpuUsage().user + process.cpuUsage().system + cpuMicrosecondsOf(server.pid);
      const [began, before] = [performance.now(), used()];
      await fetch(blocks * blockBytes);
      const [ms, microseconds] = [performance.now() - began, used() - before];
      return measured === "cpu" ? microseconds / blocks : blocks / (ms / 1_000);
    },
    close: async () => {
      await running?.server[Symbol.asyncDispose]();
    },
  };
}

/** Two connected sockets. */
export function floor(load: Load, measured: Measure): Contender {
  return contender(load, measured, async () => {
    const { folder } = served();
    const largest = fileOf(Math.max(load.blocks, SMOKE_BLOCKS + 1) * load.blockBytes);
    const server = startTypeScript(new URL("./floors/ping-pong-sender.ts", import.meta.url), [join(folder, largest)]);
    const port = await server.port();
    const { blockBytes, window } = load;
    return { server, fetch: async (bytes) => await fetchBlocks(port, { bytes, blockBytes, window }) };
  });
}

/** A GET from `stopwait serve`: checksums, digest, a file read and a file written. */
export function ours(load: Load, measured: Measure): Contender {
  return contender(load, measured, async () => {
    const { folder } = served();
    const cli = builtFile("stopwait-udp", "cli/main").pathname;
    const server = start(process.execPath, [cli, "serve", "-d", folder, "-p", "0", "--quiet"]);
    const port = await server.port();
    const { get } = await built<typeof import("../src/index.js")>("stopwait-udp");
    const { blockBytes, window, checksum } = load;
    const to = join(folder, "fetched");
    const options = { port, to, overwrite: true, stateFolder: join(folder, "state"), blockBytes, window };
    const fetch: Fetch = async (bytes) => {
      await get({ ...options, name: fileOf(bytes), checksums: [checksum] });
      return to;
    };
    return { server, fetch };
  });
}

/** CPU time of all threads of a process, in microseconds. */
function cpuMicrosecondsOf(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]);
  }
  return nanoseconds / 1_000;
}
