/** The numbers of the message types, and who may say them (docs/rake.md R12). */

import type { ClientMessage, Message, ServerMessage } from "./messages.js";

export const TYPE: { readonly [Type in Message["type"]]: number } = {
  HELLO: 1,
  CHALLENGE: 2,
  AUTH: 3,
  WELCOME: 4,
  QUOTE: 5,
  BID: 6,
  REFUSE: 7,
  BLOB: 8,
  ACK: 9,
  EXECUTE: 10,
  MISSING: 11,
  EXPIRED: 12,
  STARTED: 13,
  STDOUT: 14,
  STDERR: 15,
  STATUS: 16,
  OUTPUT: 17,
  DONE: 18,
  CANCEL: 19,
  RELEASE: 20,
  CREDIT: 21,
  PING: 22,
  PONG: 23,
  BYE: 24,
};

/** By their number; 0 is none. */
export const TYPES: readonly (Message["type"] | undefined)[] = [undefined, ...(Object.keys(TYPE) as Message["type"][])];

const OF_CLIENTS: ReadonlySet<string> = new Set<ClientMessage["type"]>([
  "HELLO",
  "AUTH",
  "QUOTE",
  "BLOB",
  "EXECUTE",
  "CANCEL",
  "RELEASE",
  "CREDIT",
  "PING",
  "PONG",
  "BYE",
]);
const OF_BOTH: ReadonlySet<string> = new Set<(ClientMessage & ServerMessage)["type"]>([
  "CREDIT",
  "PING",
  "PONG",
  "BYE",
]);

export function isOfClients(type: Message["type"]): type is ClientMessage["type"] {
  return OF_CLIENTS.has(type);
}

export function isOfServers(type: Message["type"]): type is ServerMessage["type"] {
  return OF_BOTH.has(type) || !OF_CLIENTS.has(type);
}
