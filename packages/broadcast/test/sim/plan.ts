/** A run, drawn from a seed: a server or two gateways, clients, what they do, and what goes wrong. Plain data, printed and shrunk. */
import { type DiskOptions, drawSwarm, type Fault, type Impairments, Random, type StreamOptions } from "@lab/simnet";
import type { OnSlow, ServerMachineOptions, Start } from "../../src/core/index.js";
import { drawFaults, faultKinds } from "./plan-faults.js";

/** What is true of a whole run. */
const settings = [
  "fragments",
  "losses",
  "slow links",
  "full buffers",
  "slow disks",
  "short history",
  "lag limits",
  "small windows",
  "slow handlers",
  "too big",
  "observers",
  "late joiners",
  "crowded",
  "evictions",
  "snapshots",
  "secret",
  "drift",
  "two rooms",
] as const;

export type Kind = (typeof settings)[number] | (typeof faultKinds)[number];
export const kinds: readonly Kind[] = [...settings, ...faultKinds];

/** In memory alone, in a store with one of three durabilities, or in an engine that two gateways share. */
export const LOG_KINDS = ["memory", "durable memory", "written", "fsync", "shared"] as const;
export type LogKind = (typeof LOG_KINDS)[number];

export interface PlannedClient {
  readonly node: string;
  readonly room: string;
  readonly startAtMs: number;
  readonly observer: boolean;
  readonly stable: boolean;
  readonly start: Start;
  readonly from: number;
  readonly window: number;
  readonly echo: boolean;
  readonly onUnknown: "report" | "resend";
  readonly maxQueuedBytes: number;
  readonly maxUnsentMessages: number;
  readonly handleMs: number;
  readonly savesPosition: boolean;
  readonly rate: number;
  /** Whose position it starts with: another process of the same session. */
  readonly copies: string | undefined;
}

/** Who reads all of it from the start, at once, by a true clock. */
export const PLAIN_READER: Omit<PlannedClient, "node" | "room" | "startAtMs" | "observer"> = {
  stable: false,
  start: "all",
  from: 0,
  window: 16_384,
  echo: true,
  onUnknown: "report",
  maxQueuedBytes: 16_777_216,
  maxUnsentMessages: 10_000,
  handleMs: 0,
  savesPosition: false,
  rate: 1,
  copies: undefined,
};

/** What the run has somebody do. */
export type Act =
  | {
      readonly type: "publish";
      readonly node: string;
      readonly atMs: number;
      readonly count: number;
      readonly bytes: number;
    }
  | { readonly type: "stop-handling"; readonly node: string; readonly atMs: number; readonly forMs: number }
  | { readonly type: "stop-reading"; readonly node: string; readonly atMs: number; readonly forMs: number }
  | { readonly type: "leave"; readonly node: string; readonly atMs: number; readonly waitMs: number }
  /** The server closes in good order, and its process is started again `restartAfterMs` later. */
  | { readonly type: "shutdown"; readonly node: string; readonly atMs: number; readonly restartAfterMs: number }
  /** A record in the middle of the store can not be read at the next start. */
  | { readonly type: "damage"; readonly node: string; readonly atMs: number; readonly share: number }
  | { readonly type: "engine-away"; readonly atMs: number; readonly forMs: number }
  /** The engine is as it was at `savedAtMs` (0: nothing is left), and tells its gateways at once, or when they ask. */
  | { readonly type: "engine-restored"; readonly atMs: number; readonly savedAtMs: number; readonly isTold: boolean }
  /** A peer that is no client: bytes of no sense, or a half of a frame. */
  | { readonly type: "hostile"; readonly node: string; readonly atMs: number; readonly how: number };

export interface Plan {
  readonly seed: number;
  readonly log: LogKind;
  readonly kinds: readonly Kind[];
  readonly server: ServerMachineOptions;
  readonly servers: readonly string[];
  readonly clients: readonly PlannedClient[];
  readonly impairments: Impairments;
  readonly streams: StreamOptions;
  readonly disk: DiskOptions;
  readonly effectMs: number;
  readonly engine: { readonly maxDelayMs: number; readonly fails: number };
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
  /** From then on nothing goes wrong. */
  readonly calmAtMs: number;
}

/** Observers that come with the calm and read all that is held, one for each room. */
export function auditorOf(room: string): string {
  return `auditor of ${room}`;
}

export function roomsOf({ clients }: Pick<Plan, "clients">): string[] {
  return [...new Set(["main", ...clients.map(({ room }) => room)])];
}

/** Something is still said in the calm, for so long. */
export const LATEST_PUBLISH_MS = 200;

export type Choose = <Value>(values: readonly Value[]) => Value;

/** What faults are drawn from. */
export interface Draw {
  readonly random: Random;
  readonly pick: Choose;
  readonly has: (kind: Kind) => boolean;
  readonly servers: readonly string[];
  readonly clients: readonly PlannedClient[];
  readonly calmAtMs: number;
  readonly log: LogKind;
  readonly heartbeatMs: number;
  readonly impairments: Impairments;
}

export interface PlanOptions {
  /** Only with this log. */
  readonly log?: LogKind;
}

export function drawPlan(seed: number, options: PlanOptions = {}): Plan {
  const random = new Random(`broadcast ${seed}`);
  const pick: Choose = (values) => values[random.integer(0, values.length - 1)] as never;
  const drawn = new Set<Kind>(drawSwarm(random, kinds));
  const has = (kind: Kind): boolean => drawn.has(kind);
  const drawnLog = pick(LOG_KINDS);
  const log = options.log ?? drawnLog;
  const heartbeatMs = pick([300, 600, 1_500]);
  const calmAtMs = pick([1_000, 2_500, 5_000]);
  const servers = log === "shared" ? ["g1", "g2"] : ["server"];
  const impairments: Impairments = {
    latencyMs: pick([0, 1, 5, 20]),
    jitterMs: pick([0, 0, 4, 15]),
    ...(has("losses") && { drop: pick([0.01, 0.03, 0.1]) }),
    ...(has("slow links") && { bytesPerSecond: pick([20_000, 100_000]) }),
  };
  const clients = drawClients(random, pick, has, calmAtMs);
  const draw: Draw = { random, pick, has, servers, clients, calmAtMs, log, heartbeatMs, impairments };
  const { faults, acts } = drawFaults(draw);
  return {
    seed,
    log,
    kinds: [...drawn],
    server: { ...drawServer(pick, has, heartbeatMs, log === "shared"), ...serverLog(log) },
    servers,
    clients,
    impairments,
    streams: drawStreams(pick, has),
    disk: has("slow disks")
      ? pick([
          { latencyMs: 20, jitterMs: 60 },
          { jitterMs: 5, stall: 0.2, stallMs: 400 },
        ])
      : { jitterMs: pick([0, 1, 4]) },
    effectMs: pick([0, 1, 30]),
    engine: { maxDelayMs: pick([0, 4, 40]), fails: has("engine failures") ? pick([0.02, 0.15]) : 0 },
    acts: [...drawPublishes(draw), ...acts].sort((a, b) => a.atMs - b.atMs),
    faults,
    calmAtMs,
  };
}

function serverLog(log: LogKind): ServerMachineOptions {
  if (log === "memory" || log === "shared") return { log };
  return { log: "durable", durability: log === "durable memory" ? "memory" : log };
}

function drawServer(pick: Choose, has: Draw["has"], heartbeatMs: number, isShared: boolean): ServerMachineOptions {
  return {
    heartbeatMs,
    helloMs: pick([500, 3_000]),
    // Gateways tell each other by the engine who is there: not more often than this.
    graceMs: isShared ? pick([1_500, 10_000]) : pick([0, 200, 1_500, 10_000]),
    ackEvery: pick([1, 4, 64]),
    ackAfterMs: pick([0, 20]),
    publishWindow: has("small windows") ? pick([1, 3]) : pick([8, 256]),
    maxMessageBytes: has("too big") ? 48 : 1_000,
    maxFrameBytes: 16_384,
    historyMessages: has("short history") ? pick([4, 10, 25]) : 100_000,
    ...(has("short history") && { historyBytes: pick([400, 4_000, 100_000]) }),
    onSlow: pick<OnSlow>(["disconnect", "skip", "snapshot", "block"]),
    snapshots: has("snapshots"),
    // A piece of the log must get through in this time, or nobody who comes back ever gets further.
    ...(has("lag limits") && {
      maxLagMessages: pick([4, 15]),
      maxLagBytes: pick([300, 3_000]),
      maxLagMs: has("full buffers") || has("slow links") ? 8_000 : pick([2_000, 8_000]),
    }),
    maxCommitBytes: has("slow disks") ? pick([40, 400, 100_000]) : 4_194_304,
    maxPublishRate: has("crowded") ? pick([5, 100]) : 100_000,
    maxSessions: has("evictions") ? pick([2, 3, 5]) : 10_000,
    sessionTtlMs: has("evictions") ? pick([1_500, 86_400_000]) : 86_400_000,
    engineMs: pick([300, 2_000]),
    ...(has("secret") && { secret: SECRET }),
  };
}

export const SECRET: Uint8Array = new Uint8Array(16).fill(7);

function drawClients(random: Random, pick: Choose, has: Draw["has"], calmAtMs: number): PlannedClient[] {
  const count = random.integer(1, 4);
  const rooms = has("two rooms") ? ["main", "side"] : ["main"];
  const clients = Array.from({ length: count }, (_, index): PlannedClient => {
    const observer = has("observers") && random.chance(0.3);
    const start = pick<Start>(["live", "all", "from", "snapshot"]);
    return {
      node: `c${index + 1}`,
      room: pick(rooms),
      startAtMs: has("late joiners") && random.chance(0.5) ? random.integer(0, calmAtMs) : random.integer(0, 40),
      observer,
      stable: random.chance(0.3),
      start,
      from: start === "from" ? random.integer(1, 20) : 0,
      window: has("small windows") ? pick([1, 2, 7]) : 16_384,
      echo: random.chance(0.8),
      onUnknown: pick(["report", "report", "resend"]),
      maxQueuedBytes: has("slow handlers") ? pick([1, 100, 1_000]) : 16_777_216,
      maxUnsentMessages: has("small windows") ? pick([1, 5]) : 10_000,
      handleMs: has("slow handlers") ? pick([0, 5, 60]) : 0,
      savesPosition: random.chance(0.6),
      rate: has("drift") ? 1 + 0.1 * (2 * random.unit() - 1) : 1,
      copies: undefined,
    };
  });
  const original = clients.find(({ observer, savesPosition }) => !observer && savesPosition);
  if (!has("copies") || original === undefined) return clients;
  const startAtMs = random.integer(100, calmAtMs);
  return [...clients, { ...original, node: "copy", startAtMs, copies: original.node }];
}

function drawStreams(pick: Choose, has: Draw["has"]): StreamOptions {
  const mss = has("fragments") ? pick([7, 40, 200]) : 1_460;
  const small = has("full buffers") ? pick([60, 300]) : 65_536;
  return {
    mss,
    ...(has("fragments") && { segments: "random" as const, reads: pick(["segments", "random", "all"] as const) }),
    sendBufferBytes: small,
    receiveBufferBytes: Math.max(2 * mss, small),
    highWaterBytes: has("full buffers") ? pick([0, 100]) : 16_384,
    timeoutMs: 10_000,
    connectTimeoutMs: pick([300, 2_000]),
    minRetransmitMs: 50,
    maxRetransmitMs: 500,
  };
}

/** Bursts of messages, most of them while something is going on. */
function drawPublishes({ random, pick, has, clients, calmAtMs }: Draw): Act[] {
  const acts: Act[] = [];
  // Two processes of one session that both publish may use the same client seqs: nobody can tell them apart. So it is one of
  // them alone; where it is the copy, the other ends when it hears of it (B11).
  const copy = clients.find(({ copies }) => copies !== undefined);
  const silent = copy === undefined || random.chance(0.5) ? copy?.node : copy.copies;
  for (const { node, observer } of clients) {
    if (observer || node === silent) continue;
    for (let bursts = random.integer(1, has("crowded") ? 8 : 5); bursts > 0; bursts--) {
      const count = random.chance(0.7) ? random.integer(1, 3) : random.integer(4, 12);
      const bytes = has("too big") && random.chance(0.3) ? random.integer(40, 60) : pick([0, 0, 20, 45]);
      acts.push({ type: "publish", node, atMs: random.integer(0, calmAtMs + LATEST_PUBLISH_MS), count, bytes });
    }
  }
  return acts;
}
