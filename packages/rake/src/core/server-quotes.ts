/** How a QUOTE is answered (docs/rake.md R19, R29). */

import { allowedWords, refusalText } from "./allow.js";
import type { Bid, Quote, Refuse } from "./messages.js";
import { Pins } from "./pins.js";
import { priceOf } from "./price.js";
import { type ActionHost, ServerAction } from "./server-action.js";
import type { ServerContext } from "./server-context.js";
import type { Slot } from "./slots.js";

/** What one who holds too many reservations of its own is told to wait at most: it will use or release one soon. */
const OWN_RESERVATIONS_MS = 100;

export interface Answer {
  readonly message: Bid | Refuse;
  /** Behind a BID. */
  readonly action: ServerAction | undefined;
}

type Refusal = Omit<Refuse, "type" | "actionId">;

/** Two sizes of one digest: such a QUOTE is not one. */
export function quoteFault({ inputs }: Quote): string | undefined {
  const sizes = sizesOf(inputs);
  return inputs.some(({ digest, size }) => sizes.get(digest) !== size)
    ? "a QUOTE with two sizes of a digest"
    : undefined;
}

/** @param unused reservations that the client holds without having used them */
export function answerQuote(
  context: ServerContext,
  host: ActionHost,
  quote: Quote,
  unused: number,
  now: number,
): Answer {
  const { settings, slots, store, durations, out } = context;
  const { actionId, kind, command } = quote;
  const refused = (refusal: Refusal): Answer => {
    const { reason, text } = refusal;
    out.event({ type: "refused", connection: host.connection, reason, text });
    return { message: { type: "REFUSE", actionId, ...refusal }, action: undefined };
  };
  const sizes = sizesOf(quote.inputs);
  const refusal = refusalOf(context, quote, sizes);
  if (refusal !== undefined) return refused(refusal);
  if (unused >= settings.maxReservations) {
    const retryAfterMs = Math.min(settings.validForMs, OWN_RESERVATIONS_MS);
    return refused({ reason: "BUSY", retryAfterMs, text: `${unused} reservations are not used` });
  }
  const load = context.busyCores + slots.running + slots.reserved;
  const slot: Slot | undefined = slots.reserve(now + settings.validForMs);
  if (slot === undefined) {
    return refused({ reason: "BUSY", retryAfterMs: slots.freeIn(now), text: "every slot is taken" });
  }
  const pins = new Pins(store);
  const missing = [...sizes.keys()].filter((digest) => !pins.add(digest));
  const missingBytes = missing.reduce((bytes, digest) => bytes + (sizes.get(digest) ?? 0), 0);
  if (!store.couldTake(missingBytes)) {
    pins.release();
    slots.free(slot, now);
    return refused({ reason: "STORE_FULL", retryAfterMs: settings.validForMs, text: "what the store has is needed" });
  }
  const workMs = quote.workMs > 0 ? quote.workMs : (durations.workMs(kind) ?? settings.unknownWorkMs);
  const { speed, cores, validForMs } = settings;
  const { bytesPerSecond } = host.bandwidth;
  const chargeMs = chargeOf(settings.chargeMs, quote.resources);
  const price = priceOf({ queueMs: 0, workMs, speed, cores, load, missingBytes, bytesPerSecond, chargeMs });
  const reservation = context.newId();
  const bid = { actionId, reservation, kind, command, inputs: sizes, runMs: price.runMs, slot, pins };
  out.event({ type: "bid", connection: host.connection, costMs: price.costMs, missing: missing.length });
  return {
    message: { type: "BID", actionId, reservation, validForMs, ...price, missing },
    action: new ServerAction(context, host, bid, now),
  };
}

/** What this server never takes; waiting does not help. */
function refusalOf({ settings }: ServerContext, quote: Quote, sizes: ReadonlyMap<string, number>): Refusal | undefined {
  const { maxInputs, maxBlobBytes, maxStoreBytes, resources, allow } = settings;
  const never = (reason: Refusal["reason"], text: string): Refusal => ({ reason, retryAfterMs: 0, text });
  if (allow !== undefined && allowedWords(allow, quote.command) === undefined) {
    return never("NOT_ALLOWED", refusalText(allow, quote.command));
  }
  const absent = quote.resources.find((resource) => !resources.includes(resource));
  if (absent !== undefined) return never("RESOURCE", absent);
  if (quote.inputs.length > maxInputs) return never("LIMIT", `${quote.inputs.length} inputs, at most ${maxInputs}`);
  let bytes = 0;
  for (const size of sizes.values()) {
    if (size > maxBlobBytes) return never("LIMIT", `an input of ${size} bytes, at most ${maxBlobBytes}`);
    bytes += size;
  }
  if (bytes > maxStoreBytes) return never("LIMIT", `inputs of ${bytes} bytes, at most ${maxStoreBytes}`);
  return undefined;
}

function sizesOf(inputs: Quote["inputs"]): Map<string, number> {
  return new Map(inputs.map(({ digest, size }) => [digest, size]));
}

export function chargeOf(chargeMs: ReadonlyMap<string, number>, resources: readonly string[]): number {
  let sum = 0;
  for (const resource of new Set(resources)) sum += chargeMs.get(resource) ?? 0;
  return sum;
}
