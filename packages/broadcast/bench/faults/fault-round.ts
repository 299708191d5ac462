/** One round: a publisher at a steady rate, a subscriber, and what goes wrong again and again between them. */
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { Random } from "@lab/simnet";
import { DeliveryRecord, type Verdict } from "./delivery-record.js";
import { type From, library, type StartProgram } from "./library.js";
import { Served } from "./served.js";
import { indexOf, SteadyPublisher } from "./steady-publisher.js";

/**
 * The connection of one of both is reset in the middle of a frame; or the server, its log on disk (`written`), is ended with
 * SIGKILL and started again.
 */
export type Fault = "subscriber cut" | "publisher cut" | "server killed";

export interface Load {
  readonly from: From;
  readonly perSecond: number;
  readonly forMs: number;
  /** Between two cuts, or from the start of a server to its end. */
  readonly everyMs: number;
  readonly seed: number;
  /** How the server is started. Default: from its source. */
  readonly startProgram?: StartProgram;
}

export interface FaultResult extends Verdict {
  readonly published: number;
  /** Publishes of which nothing was known when all was quiet, and such as were told to be unknown (B34). */
  readonly unacknowledged: number;
  readonly unknown: number;
  /** How often it happened. */
  readonly faults: number;
  /**
   * The longest time in which the subscriber heard nothing while messages were published. Of a server that was killed: from
   * when the new process listened until the next message was heard.
   */
  readonly silenceMs: number;
  /** Of a server that was killed: the longest time from its end until another listened; else 0. */
  readonly restartMs: number;
}

/** How long to wait for what is still missing, before it counts as lost. */
const SETTLE_MS = 10_000;
/** A cut comes after so many more bytes at most: within the next few frames, wherever that is. */
const CUT_WITHIN_BYTES = 700;
const RECONNECT = { backoffMs: 20, maxBackoffMs: 100 };

export async function faultRound(fault: Fault, load: Load): Promise<FaultResult> {
  await using served = await Served.start(
    load.from,
    fault === "server killed" ? "written" : "memory",
    load.startProgram,
  );
  const { join } = await library(load.from);
  const record = new DeliveryRecord();
  const isKilled = fault === "server killed";
  await using _subscriber = await join({
    address: isKilled || fault === "subscriber cut" ? served.address : served.direct,
    name: "subscriber",
    ...RECONNECT,
    handler: ({ bytes }) => record.heard(indexOf(bytes), performance.now()),
  });
  await using room = await join({
    address: isKilled || fault === "publisher cut" ? served.address : served.direct,
    name: "publisher",
    ...RECONNECT,
    echo: false,
    handler: () => {},
  });
  const publisher = new SteadyPublisher((message) => room.publish(message));
  const stop = new AbortController();
  const faulty = isKilled ? killing(served, load, stop.signal) : cutting(served, fault, load, stop.signal);
  await publisher.run(load.perSecond, load.forMs, SETTLE_MS);
  stop.abort();
  const { faults, restarts } = await faulty;
  const acknowledged = publisher.with("acknowledged");
  await record.hasHeard(acknowledged, SETTLE_MS);
  // One that was killed when next to nothing was left to publish shows nothing.
  const shown = restarts.filter(({ killedAt }) => killedAt < publisher.ended - 100);
  const silences = shown.map(({ listenedAt }) => record.silenceAfter(listenedAt));
  return {
    ...record.verdict(acknowledged),
    published: publisher.outcomes.length,
    unacknowledged: publisher.with("pending").length + publisher.with("failed").length,
    unknown: publisher.with("unknown").length,
    faults,
    silenceMs: isKilled ? Math.max(0, ...silences) : record.longestSilence(publisher.began, publisher.ended),
    restartMs: Math.max(0, ...restarts.map(({ killedAt, listenedAt }) => listenedAt - killedAt)),
  };
}

interface Faults {
  readonly faults: number;
  readonly restarts: readonly { readonly killedAt: number; readonly listenedAt: number }[];
}

async function cutting(served: Served, fault: Fault, { everyMs, seed }: Load, signal: AbortSignal): Promise<Faults> {
  const random = new Random(seed);
  const direction = fault === "subscriber cut" ? "to-client" : "to-server";
  let faults = 0;
  while (await goesOn(everyMs, signal)) {
    for (const connection of served.proxy.connections) {
      connection.cutAfter(direction, random.integer(1, CUT_WITHIN_BYTES), "reset");
      faults++;
    }
  }
  return { faults, restarts: [] };
}

async function killing(served: Served, { everyMs }: Load, signal: AbortSignal): Promise<Faults> {
  const restarts: { killedAt: number; listenedAt: number }[] = [];
  while (await goesOn(everyMs, signal)) restarts.push(await served.restart());
  return { faults: restarts.length, restarts };
}

/** Waits; false: the load has ended. */
async function goesOn(ms: number, signal: AbortSignal): Promise<boolean> {
  return await wait(ms, true, { signal }).catch(() => false);
}
