/** Clients and servers for tests of v2: a world with one server and the means to start transfers in it. */
import {
  type Address,
  type Outcome,
  V2GetClient,
  type V2GetClientOptions,
  V2PutClient,
  type V2PutClientOptions,
  V2Server,
  type V2ServerOptions,
} from "../src/core/index.js";
import { MemoryDisk } from "./memory-disk.js";
import { plainPlatform } from "./plain-platform.js";
import { SERVER, V2World, type WorldOptions } from "./v2-world.js";

export function bytes(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed * 13) & 0xff);
}

/** Fast for long ones, where `toEqual` looks at each byte on its own. */
export function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

export interface Scene {
  readonly world: V2World;
  readonly disk: MemoryDisk;
  server: V2Server;
}

/** A server that takes files, and whose root holds `files`. */
export function scene(
  files: Readonly<Record<string, Uint8Array>> = {},
  options: Partial<V2ServerOptions> = {},
  worldOptions: WorldOptions = {},
): Scene {
  const world = new V2World(worldOptions);
  const disk = new MemoryDisk({ files });
  const may = { writable: true, overwrite: true, insecureWrite: true };
  const server = new V2Server({ platform: plainPlatform("server"), ...may, ...options });
  world.add(SERVER, server, disk);
  return { world, disk, server };
}

export interface Started<Client> {
  readonly client: Client;
  readonly disk: MemoryDisk;
  readonly address: Address;
  readonly outcome: () => Outcome | undefined;
}

const ports = new WeakMap<Scene, number>();

/** A client's address that no other of the scene has. */
export function freshAddress(here: Scene, host = "client"): Address {
  const port = (ports.get(here) ?? 1_000) + 1;
  ports.set(here, port);
  return { host, port };
}

const common = (address: Address): { server: Address; platform: ReturnType<typeof plainPlatform> } => ({
  server: SERVER,
  platform: plainPlatform(`client ${address.port}`),
});

export function get(
  here: Scene,
  name: string,
  options: Partial<V2GetClientOptions> = {},
  disk: MemoryDisk = new MemoryDisk(),
  address: Address = freshAddress(here),
): Started<V2GetClient> {
  disk.kill(); // of a client before this one nothing goes on
  const client = new V2GetClient({ ...common(address), remoteName: name, localName: name, ...options });
  here.world.add(address, client, disk);
  return { client, disk, address, outcome: () => here.world.outcome(address) };
}

export function put(
  here: Scene,
  name: string,
  content: Uint8Array | MemoryDisk,
  options: Partial<V2PutClientOptions> = {},
  address: Address = freshAddress(here),
): Started<V2PutClient> {
  const disk = content instanceof MemoryDisk ? content : new MemoryDisk({ files: { [name]: content } });
  disk.kill();
  const client = new V2PutClient({ ...common(address), remoteName: name, localName: name, ...options });
  here.world.add(address, client, disk);
  return { client, disk, address, outcome: () => here.world.outcome(address) };
}
