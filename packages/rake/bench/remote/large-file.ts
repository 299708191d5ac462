/** A file sent to a server that copies it and sends the copy back: MiB of memory that the server had at its largest. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, createWriteStream, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Contender } from "../../../../bench/row.js";
import { type RunningProcess, startTypeScript } from "../../../../test/process.js";
import { buildAll, startServer, stopServer } from "./building.js";
import { newFolder, removeFolder } from "./folders.js";

const MIB = 2 ** 20;
const whole = (smoke: boolean): number => (smoke ? 4 : 1_024) * MIB;

/** Sends the file `in` of the folder, and writes what comes back to `out`. */
type CopyAt = (server: RunningProcess, folder: string, smoke: boolean) => Promise<void>;

function copying(
  startOne: () => RunningProcess,
  copy: CopyAt,
  stop: (server: RunningProcess) => Promise<void>,
): Contender {
  const folder = newFolder();
  return {
    // A server of its own for each round: what it has grown to, it does not give back.
    measure: async (smoke) => {
      writeLarge(join(folder, "in"), whole(smoke));
      const server = startOne();
      try {
        await server.port();
        await copy(server, folder, smoke);
        const sent = await digestOf(join(folder, "in"));
        const came = await digestOf(join(folder, "out"));
        if (sent !== came) throw new Error("what came back is not what was sent");
        return peakMiB(server.pid);
      } finally {
        await stop(server);
        for (const name of ["in", "out"]) rmSync(join(folder, name), { force: true });
      }
    },
    close: () => removeFolder(folder),
  };
}

export const byStreaming = (): Contender =>
  copying(
    () => startServer("rlimit"),
    async (server, folder) => {
      const sets = "actionset1:\n\tremote-cat in >out\n\t\trequires in\n\t\tproduces out\n";
      await buildAll(folder, [await server.port()], sets);
    },
    stopServer,
  );

/** The control: it holds the file until it is whole. */
export const byBuffering = (): Contender =>
  copying(
    () => startTypeScript(new URL("./floors/buffering.ts", import.meta.url)),
    async (server, folder, smoke) => {
      const socket = connect({ port: await server.port(), host: "127.0.0.1" });
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(whole(smoke)));
      socket.write(length);
      const back = pipeline(socket, createWriteStream(join(folder, "out")));
      for await (const piece of createReadStream(join(folder, "in"))) {
        if (!socket.write(piece)) await new Promise((resolve) => socket.once("drain", resolve));
      }
      await back;
    },
    async (server) => await server[Symbol.asyncDispose](),
  );

function writeLarge(path: string, bytes: number): void {
  const piece = Buffer.alloc(MIB);
  const file = openSync(path, "w");
  for (let at = 0; at < bytes; at += MIB) {
    piece.fill(`${at} `);
    writeSync(file, piece);
  }
  closeSync(file);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: MIB })) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** The most memory that a process has had resident so far. */
function peakMiB(pid: number): number {
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1_024;
}
