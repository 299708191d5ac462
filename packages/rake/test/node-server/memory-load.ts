/** How much memory a server needs for a large input and a large output: measured on a process of its own. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { startBundled } from "../../../../test/programs.js";
import { digestOf, RawClient } from "./raw-client.js";

export interface MemoryNeed {
  /** The most that it ever had, in MiB. */
  readonly beforeMib: number;
  readonly peakMib: number;
  /** What came back is what was sent. */
  readonly isWhole: boolean;
}

const program = new URL("server-program.ts", import.meta.url);

export interface Load {
  /** A control: the server keeps what comes. Default false. */
  readonly hoards?: boolean;
  /** NODE_OPTIONS of the server; default none. */
  readonly nodeOptions?: string;
}

/** Sends a file of so many MiB, has it copied, and takes the copy. */
export async function measureMemory(mib: number, { hoards = false, nodeOptions }: Load = {}): Promise<MemoryNeed> {
  const env = nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions };
  await using server = startBundled(program, ["{}", hoards ? "hoard" : ""], { env });
  const port = await server.port();
  const warm = await RawClient.connect(port);
  // As much as fills all the buffers that there are, once.
  await warm.run("cat a >b", { a: new Uint8Array(8 * 2 ** 20) });
  const beforeMib = peakMibOf(server.pid);
  const body = Buffer.alloc(mib * 2 ** 20);
  const piece = randomBytes(65_536);
  for (let at = 0; at < body.length; at += piece.length) piece.copy(body, at);
  body.writeUInt32BE(1, 0); // the first piece is unlike the others
  const client = await RawClient.connect(port);
  const status = await client.run("cat in >out", { in: body });
  const out = client.bodies.get("out");
  const isWhole = status.code === 0 && out?.bytes === body.length && out.digest.digest("hex") === digestOf(body);
  const peakMib = peakMibOf(server.pid);
  warm.socket.destroy();
  client.socket.destroy();
  server.signal("SIGTERM");
  await server.exited;
  return { beforeMib, peakMib, isWhole };
}

function peakMibOf(pid: number): number {
  const [, kib = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return Number(kib) / 1_024;
}
