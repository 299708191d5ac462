/** A strict client and a strict server of v1 on one wire, with a disk each. */
import type { Address, Outcome } from "../src/core/contract.js";
import { V1GetClient, type V1GetOptions } from "../src/core/v1-get-client.js";
import { V1PutClient } from "../src/core/v1-put-client.js";
import { V1Server, type V1ServerOptions } from "../src/core/v1-server.js";
import { MemoryDisk, type MemoryDiskOptions } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { type Channel, outcomeOf, type SentPacket, Wire } from "./v1-wire.js";

export const SERVER: Address = { host: "127.0.0.1", port: 50_001 };
export const CLIENT: Address = { host: "127.0.0.1", port: 40_001 };

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Bytes that differ from block to block and hold every value. */
export function content(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = index + 7 * Math.floor(index / 100);
  return bytes;
}

export interface PairOptions {
  readonly channel?: Channel;
  readonly server?: Partial<V1ServerOptions>;
  readonly client?: Partial<V1GetOptions>;
  readonly serverDisk?: MemoryDiskOptions;
  readonly clientDisk?: MemoryDiskOptions;
  readonly effectMs?: () => number;
}

export class Pair {
  readonly wire: Wire;
  readonly server: V1Server;
  readonly serverDisk: MemoryDisk;
  readonly clientDisk: MemoryDisk;
  readonly serverStation: ReturnType<Wire["add"]>;
  readonly clientStation: ReturnType<Wire["add"]>;

  /** The file is called `file` on both sides. */
  constructor(operation: "get" | "put", options: PairOptions = {}) {
    const platform = plainPlatform();
    this.wire = new Wire(options.channel);
    this.serverDisk = new MemoryDisk(options.serverDisk);
    this.clientDisk = new MemoryDisk(options.clientDisk);
    this.server = new V1Server({ platform, writable: true, ...options.server });
    const given = { server: SERVER, remoteName: "file", localName: "file", platform, ...options.client };
    const client = operation === "get" ? new V1GetClient(given) : new V1PutClient(given);
    this.serverStation = this.wire.add(SERVER, this.server, this.serverDisk, options.effectMs);
    this.clientStation = this.wire.add(CLIENT, client, this.clientDisk, options.effectMs);
  }

  get outcome(): Outcome | undefined {
    return outcomeOf(this.clientStation);
  }

  get sent(): SentPacket[] {
    return this.wire.sent;
  }

  run(forMs?: number): this {
    this.wire.run(forMs);
    return this;
  }

  /** What is still open, remembered or due: nothing, once everything is over. */
  get leftovers(): unknown {
    const { server, serverDisk, clientDisk, serverStation, clientStation } = this;
    const deadlines = [serverStation.machine.nextDeadline(), clientStation.machine.nextDeadline()];
    return {
      open: serverDisk.openFiles + clientDisk.openFiles,
      parts: [...serverDisk.partKeys, ...clientDisk.partKeys],
      sessions: server.liveSessions + server.memories,
      deadlines: deadlines.filter((deadline) => deadline !== undefined),
    };
  }
}

export const NOTHING_LEFT: unknown = { open: 0, parts: [], sessions: 0, deadlines: [] };

export function getOf(bytes: Uint8Array, options: PairOptions = {}): Pair {
  return new Pair("get", { ...options, serverDisk: { files: { file: bytes }, ...options.serverDisk } });
}

export function putOf(bytes: Uint8Array, options: PairOptions = {}): Pair {
  return new Pair("put", { ...options, clientDisk: { files: { file: bytes }, ...options.clientDisk } });
}
