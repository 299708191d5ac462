/** A transfer through simnet's real proxy, in real time: the drivers, sockets and files that a user gets. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Impairments, UdpProxy } from "@lab/simnet";
import { Type, typeOf } from "../../src/core/v2-packet.js";
import { get, StopwaitUdpServer } from "../../src/index.js";
import type { Simulated } from "./simulated-transfer.js";

export interface RealOptions {
  readonly impairments: Impairments;
  readonly size: number;
  readonly seed: number;
  /** An empty folder of its own. */
  readonly folder: string;
}

/** A GET in blocks of 1,376 bytes at window 1. @throws Error unless it succeeds and the file is right */
export async function fetchThroughProxy({ impairments, size, seed, folder }: RealOptions): Promise<Simulated> {
  const served = join(folder, "served");
  mkdirSync(served, { recursive: true });
  const content = randomBytes(size);
  writeFileSync(join(served, "file"), content);
  await using server = new StopwaitUdpServer({ directory: served });
  const { port: serverPort } = await server.listen({ port: 0 });
  await using proxy = new UdpProxy({ to: { port: serverPort }, toServer: impairments, toClient: impairments, seed });
  const { port } = await proxy.listen();

  let beganMs = Number.NaN;
  let endedMs = Number.NaN;
  let packets = 0;
  const to = join(folder, "fetched");
  const { statistics } = await get({
    name: "file",
    port,
    to,
    blockBytes: 1_376,
    window: 1,
    minRtoMs: 200, // as to any address but loopback's
    stateFolder: join(folder, "state"),
    onDatagram: ({ direction, atMs, bytes }) => {
      endedMs = atMs;
      if (direction === "sent" && typeOf(bytes) !== Type.REQ && packets++ === 0) beganMs = atMs;
    },
  });
  if (!readFileSync(to).equals(content)) throw new Error("the file is not the same");
  return { goodput: (size * 1_000) / (endedMs - beganMs), packets, timeouts: statistics.packetsRepeated };
}
