/** A run, drawn from a seed: hosts, a Rakefile, what somebody does, and what goes wrong. Plain data, printed and shrunk. */
import { drawSwarm, type Fault, type Impairments, Random, type StreamOptions } from "@lab/simnet";
import type { BuildMachineOptions, ServerMachineOptions } from "../../src/core/index.js";
import { LIES, type PlannedLie } from "./lies.js";
import { drawSets, type PlannedAction, type PlannedInput } from "./plan-build.js";
import { drawFaults, faultKinds } from "./plan-faults.js";

/** What is true of a whole run. */
const settings = [
  "fragments",
  "losses",
  "slow links",
  "full buffers",
  "slow disks",
  "small stores",
  "resources",
  "busy hosts",
  "few slots",
  "short reservations",
  "speculation",
  "cache",
  "failing actions",
  "timeouts",
  "local actions",
  "big files",
  "patterns",
  "fail fast",
  "liars",
  "secret",
  "drift",
  "absent hosts",
] as const;

export type Kind = (typeof settings)[number] | (typeof faultKinds)[number];
export const kinds: readonly Kind[] = [...settings, ...faultKinds];

/** What is left whatever goes wrong: the client's own machine, one host that nothing happens to, or nothing. */
export const PROMISES = ["fallback", "honest host", "none"] as const;
export type Promised = (typeof PROMISES)[number];

export interface PlannedHost {
  readonly node: string;
  readonly cores: number;
  readonly slots: number;
  /** What it is, and what it says that it is, in thousandths. */
  readonly speed: number;
  readonly claimedSpeed: number;
  readonly freeCores: number;
  readonly resources: readonly string[];
  readonly toolchain: string;
  readonly storeBytes: number;
  readonly impairments: Impairments;
  readonly rate: number;
  readonly lie: PlannedLie | undefined;
  /** Nobody listens there. */
  readonly isAbsent: boolean;
}

/** What the run has somebody do. */
export type Act =
  | { readonly type: "cancel"; readonly atMs: number; readonly times: number }
  /** A file of a host's store is gone, or is not what it was. */
  | { readonly type: "rot"; readonly node: string; readonly atMs: number; readonly share: number }
  /** The disk of a host, or of the client, fails for so long. */
  | { readonly type: "disk"; readonly node: string; readonly atMs: number; readonly forMs: number }
  /** An input is saved again while it is read; its bytes are the same. */
  | { readonly type: "touch"; readonly atMs: number }
  /** A server is told to end, and is started again. */
  | { readonly type: "shutdown"; readonly node: string; readonly atMs: number; readonly restartAfterMs: number };

export interface Plan {
  readonly seed: number;
  readonly kinds: readonly Kind[];
  readonly promised: Promised;
  readonly hosts: readonly PlannedHost[];
  readonly inputs: readonly PlannedInput[];
  readonly sets: readonly (readonly PlannedAction[])[];
  readonly client: BuildMachineOptions;
  readonly server: ServerMachineOptions;
  readonly streams: StreamOptions;
  readonly effectMs: number;
  /** The same again, behind it: with what it made there, by the same hosts or by hosts of another toolchain. */
  readonly again: "no" | "same" | "another toolchain";
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
  /** From then on nothing goes wrong, but that who lies goes on. */
  readonly calmAtMs: number;
}

export const CLIENT = "client";
export const SECRET: Uint8Array = new Uint8Array(16).fill(7);

export type Choose = <Value>(values: readonly Value[]) => Value;

/** What the parts of a plan are drawn from. */
export interface Draw {
  readonly random: Random;
  readonly pick: Choose;
  readonly has: (kind: Kind) => boolean;
  readonly hosts: readonly PlannedHost[];
  readonly promised: Promised;
  readonly calmAtMs: number;
}

export function drawPlan(seed: number): Plan {
  const random = new Random(`rake ${seed}`);
  const pick: Choose = (values) => values[random.integer(0, values.length - 1)] as never;
  const drawn = new Set<Kind>(drawSwarm(random, kinds));
  const has = (kind: Kind): boolean => drawn.has(kind);
  const promised = pick(PROMISES);
  const calmAtMs = pick([1_000, 4_000, 10_000]);
  const heartbeatMs = pick([300, 1_000]);
  const hosts = drawHosts(random, pick, has, promised);
  const draw: Draw = { random, pick, has, hosts, promised, calmAtMs };
  const { inputs, sets } = drawSets(draw);
  const { faults, acts } = drawFaults(draw);
  return {
    seed,
    kinds: [...drawn],
    promised,
    hosts,
    inputs,
    sets,
    client: drawClient(pick, has, promised),
    server: drawServer(pick, has, heartbeatMs, promised),
    streams: drawStreams(pick, has, hosts),
    effectMs: has("slow disks") ? pick([5, 40]) : pick([0, 1]),
    again: has("cache") ? pick(["same", "another toolchain"]) : pick(["no", "no", "no", "same"]),
    acts: [...acts].sort((a, b) => a.atMs - b.atMs),
    faults,
    calmAtMs,
  };
}

/** The first host is the honest one, where there has to be one. */
export function isSpared({ promised }: Pick<Plan, "promised">, node: string): boolean {
  return promised === "honest host" && node === "h1";
}

function drawHosts(random: Random, pick: Choose, has: Draw["has"], promised: Promised): PlannedHost[] {
  return Array.from({ length: random.integer(1, 5) }, (_, index): PlannedHost => {
    const node = `h${index + 1}`;
    const spared = isSpared({ promised }, node);
    const cores = has("few slots") ? 1 : pick([1, 2, 4]);
    const speed = spared ? pick([500, 1_000, 2_000]) : pick([250, 500, 1_000, 1_500, 4_000]);
    const lie = { kind: pick(LIES), share: pick([1, 1, 0.3]) };
    return {
      node,
      cores,
      slots: cores,
      speed,
      claimedSpeed: random.chance(0.8) ? speed : pick([1, 1_000, 100_000]),
      freeCores: has("busy hosts") && !spared ? pick([cores, cores / 4]) : cores,
      resources: index === 0 || random.chance(0.5) ? ["gpu"] : [],
      toolchain: "cc 12",
      storeBytes: has("small stores") && !spared ? pick([1, 6_000, 400_000]) : 2 ** 34,
      impairments: {
        latencyMs: pick([0, 1, 10]),
        jitterMs: pick([0, 0, 5]),
        ...(has("losses") && { drop: spared ? 0.005 : pick([0.01, 0.05]) }),
        ...(has("slow links") && !spared && { bytesPerSecond: pick([50_000, 400_000]) }),
      },
      rate: has("drift") ? 1 + 0.1 * (2 * random.unit() - 1) : 1,
      lie: has("liars") && !spared && random.chance(0.6) ? lie : undefined,
      isAbsent: has("absent hosts") && !spared && random.chance(0.3),
    };
  });
}

function drawClient(pick: Choose, has: Draw["has"], promised: Promised): BuildMachineOptions {
  return {
    connectMs: 2_000,
    helloMs: 2_000,
    quoteMs: pick([50, 1_000]),
    answerMs: pick([800, 3_000]),
    maxQuoting: pick([1, 4]),
    policy: pick(["random", "first", "running", "finish", "patient"]),
    maxAttempts: promised === "honest host" ? 1_000 : pick([1, 2, 3]),
    backoffMs: pick([50, 500]),
    maxBackoffMs: 2_000,
    noHostMs: promised === "honest host" ? 10_000 : pick([500, 5_000]),
    maxBusyMs: promised === "honest host" ? 600_000 : pick([5_000, 60_000]),
    startMs: 3_000,
    stallMs: pick([3_000, 8_000]),
    graceMs: 2_000,
    maxRunMs: 30_000,
    effectMs: 20_000,
    speculate: has("speculation"),
    speculateAfter: pick([1, 1.5]),
    speculateMs: pick([0, 100, 500]),
    localFallback: promised === "fallback",
    localSlots: pick([1, 4]),
    failFast: has("fail fast"),
    killMs: 300,
    cancelMs: pick([200, 3_000]),
    cache: has("cache"),
    ...(has("secret") && { secret: SECRET }),
  };
}

function drawServer(pick: Choose, has: Draw["has"], heartbeatMs: number, promised: Promised): ServerMachineOptions {
  return {
    heartbeatMs,
    validForMs: has("short reservations") && promised !== "honest host" ? pick([60, 300]) : 5_000,
    killMs: 300,
    unknownWorkMs: has("speculation") ? 20 : pick([200, 1_000]),
    firstBytesMs: 2_000,
    helloMs: 2_000,
    ...(has("secret") && { secret: SECRET }),
  };
}

function drawStreams(pick: Choose, has: Draw["has"], hosts: readonly PlannedHost[]): StreamOptions {
  const isBig = has("big files") || hosts.some(({ lie }) => lie?.kind === "flood");
  const fragments = has("fragments") && !isBig;
  const mss = fragments ? pick([60, 200, 700]) : 16_384;
  const small = has("full buffers") ? pick(isBig ? [8_000, 40_000] : [500, 4_000]) : 262_144;
  return {
    mss,
    ...(fragments && { segments: "random" as const, reads: pick(["segments", "random", "all"] as const) }),
    sendBufferBytes: small,
    receiveBufferBytes: Math.max(2 * mss, small),
    highWaterBytes: has("full buffers") ? pick([0, 100]) : 16_384,
    timeoutMs: 10_000,
    connectTimeoutMs: pick([300, 2_000]),
    minRetransmitMs: 50,
    maxRetransmitMs: 500,
  };
}
