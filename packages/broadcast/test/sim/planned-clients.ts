/** Clients of a plan, as the run makes them. */
import type { ClientMachineOptions } from "../../src/core/index.js";
import { auditorOf, PLAIN_READER, type PlannedClient } from "./plan.js";

/** What the machine of a client is made with. */
export function optionsOf(client: PlannedClient, secret: Uint8Array | undefined): ClientMachineOptions {
  const { node, room, observer, stable, start, from, window, echo, onUnknown } = client;
  const { maxQueuedBytes, maxUnsentMessages } = client;
  return {
    ...{ room, name: node, observer, stable, start, window, echo, onUnknown, maxQueuedBytes, maxUnsentMessages },
    ...{ backoffMs: 20, maxBackoffMs: 400 },
    ...(start === "from" && { from }),
    ...(secret !== undefined && { secret }),
  };
}

/** Who reads all that is held when the calm has come. */
export function auditor(room: string, calmAtMs: number): PlannedClient {
  return {
    node: auditorOf(room),
    room,
    startAtMs: calmAtMs + 1,
    observer: true,
    ...PLAIN_READER,
  };
}
