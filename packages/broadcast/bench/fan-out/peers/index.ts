/** The peers by name, each loaded when it is asked for: a process needs no other's library. */
import type { Peer } from "../peer.js";

export type PeerName =
  | "floor"
  | "ours"
  | "ours-written"
  | "nats-core"
  | "jetstream"
  | "redis-pubsub"
  | "redis-streams"
  | "ws"
  | "socket.io";

const loaders: Readonly<Record<PeerName, () => Promise<Peer>>> = {
  floor: async () => (await import("./floor.js")).floor,
  ours: async () => (await import("./ours.js")).memory,
  "ours-written": async () => (await import("./ours.js")).written,
  "nats-core": async () => (await import("./nats-core.js")).natsCore,
  jetstream: async () => (await import("./jetstream.js")).jetStreamFile,
  "redis-pubsub": async () => (await import("./redis-pubsub.js")).redisPubSub,
  "redis-streams": async () => (await import("./redis-streams.js")).redisStreams,
  ws: async () => (await import("./ws.js")).webSocket,
  "socket.io": async () => (await import("./socket-io.js")).socketIo,
};

export const peerNames: readonly PeerName[] = Object.keys(loaders) as PeerName[];

export function loadPeer(name: string): Promise<Peer> {
  if (!Object.hasOwn(loaders, name)) throw new RangeError(`no peer ${name}: it is one of ${peerNames.join(", ")}`);
  return loaders[name as PeerName]();
}
