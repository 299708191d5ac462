/** The numbers of the message types, and who may say them (docs/broadcast.md B1). */

import type { Message } from "./messages.js";

export const TYPE: { readonly [Type in Message["type"]]: number } = {
  hello: 1,
  welcome: 2,
  publish: 3,
  puback: 4,
  batch: 5,
  ack: 6,
  gap: 7,
  snapshot: 8,
  ping: 9,
  pong: 10,
  close: 11,
  challenge: 12,
  auth: 13,
  stable: 14,
};

/** By their number; 0 is none. */
export const TYPES: readonly (Message["type"] | undefined)[] = [undefined, ...(Object.keys(TYPE) as Message["type"][])];

const OF_CLIENTS: ReadonlySet<Message["type"]> = new Set(["hello", "publish", "ack", "ping", "pong", "close", "auth"]);
const OF_CLIENTS_ALONE: ReadonlySet<Message["type"]> = new Set(["hello", "publish", "ack", "auth"]);

export function maySay(from: "client" | "server", type: Message["type"]): boolean {
  return from === "client" ? OF_CLIENTS.has(type) : !OF_CLIENTS_ALONE.has(type);
}
