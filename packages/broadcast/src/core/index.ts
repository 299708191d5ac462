/** The pure core: codec and machines. No I/O, no clock, no platform. */

export { macOf } from "./auth.js";
export { BATCH_HEADER_BYTES, BatchWriter, frameOfEntries } from "./batch.js";
export type { ClientInput, ClientOutput, ClientView, Delivered, Notice, Position } from "./client-contract.js";
export { ClientMachine } from "./client-machine.js";
export { type ClientMachineOptions, type ClientSettings, resolveClientOptions } from "./client-options.js";
export { decode, encode } from "./codec.js";
export { ENTRY_HEADER_BYTES, EntryWalker, findEntry, KIND } from "./entries.js";
export { BroadcastError, ClosedError, LocalProtocolError, PublishError, RemoteProtocolError } from "./errors.js";
export { fromHex, toHex } from "./hex.js";
export type { MessageRun } from "./message-run.js";
export * from "./messages.js";
export type { Platform } from "./platform.js";
export { printable, printableJson } from "./printable.js";
export { PublishWalker } from "./publish-frame.js";
export type * from "./server-contract.js";
export { ServerMachine } from "./server-machine.js";
export { type OnSlow, resolveServerOptions, type ServerMachineOptions, type ServerSettings } from "./server-options.js";
export type { RoomView, ServerView } from "./server-view.js";
