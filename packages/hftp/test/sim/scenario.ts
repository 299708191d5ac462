/** A run as data: made up by fast-check from a seed, shrunk by it, and printed where it fails. */
import type { FaultSchedule, Impairments, StreamOptions } from "@lab/simnet";
import { faultSchedule } from "@lab/simnet/fast-check";
import fc from "fast-check";
import type { DownloadMachineOptions, Request, ServerSessionOptions } from "../../src/core/index.js";
import type { ClientCommand } from "./client-program.js";
import type { Script } from "./scripted-client.js";
import type { ServerCommand } from "./server-program.js";

/** Something that a program, not the network, does at a time of the world. */
export interface TimedCommand {
  readonly atMs: number;
  readonly node: string;
  readonly command: ClientCommand | ServerCommand;
}

export type ClientPlan =
  | {
      readonly type: "requests";
      readonly requests: readonly Request[];
      readonly thinkMs: number;
      readonly maxPipelined: number;
    }
  | {
      readonly type: "get";
      readonly download: Omit<DownloadMachineOptions, "expect">;
      readonly isExpecting: boolean;
      readonly diskMs: readonly number[];
    }
  | { readonly type: "script"; readonly script: Script };

export interface Scenario {
  readonly seed: number;
  readonly link: Impairments;
  readonly streams: StreamOptions;
  readonly server: {
    readonly session: ServerSessionOptions;
    readonly maxConnections: number;
    /** How long each effect takes, in turn; none: all are done at once. */
    readonly diskMs: readonly number[];
  };
  /** Bytes of the larger files. */
  readonly fileBytes: number;
  /** They run on nodes of the names client-1, client-2, ... */
  readonly clients: readonly ClientPlan[];
  readonly faults: FaultSchedule;
  readonly commands: readonly TimedCommand[];
}

export const SERVER = "server";

/** Files that stay as they are, and files that a scenario may change. */
export const STABLE = { large: "stable", empty: "empty", small: "a-z.txt" } as const;
export const CHANGING: readonly string[] = ["changing", "also-changing"];

/** Content that tells its place, its file and its version in almost every byte. */
export function content(length: number, file: number, version = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + file * 53 + version * 101) & 0xff);
}

export function clientName(index: number): string {
  return `client-${index + 1}`;
}

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Object.values(STABLE), ...CHANGING) },
  fc.constant("no-such-file"),
);

/** Offsets and sizes as shares of the file, so that they shrink with it; some lead out of it. */
function slice(fileBytes: number, names: fc.Arbitrary<string>): fc.Arbitrary<Request> {
  const anywhere = fc.nat(fileBytes + 1);
  const within = fc
    .tuple(fc.nat(fileBytes), fc.nat(fileBytes))
    .map(([a, b]) => [Math.min(a, b), Math.abs(a - b)] as const);
  const whole = fc.constant([0, fileBytes] as const);
  const range = fc.oneof(
    { weight: 3, arbitrary: whole },
    { weight: 3, arbitrary: within },
    fc.tuple(anywhere, anywhere),
  );
  return fc
    .tuple(names, range, fc.boolean())
    .map(([one, [offset, size], raw]): Request => ({ type: "get_slice", name: one, offset, size, raw }));
}

function requests(fileBytes: number): fc.Arbitrary<ClientPlan> {
  const request = fc.oneof(
    { weight: 5, arbitrary: slice(fileBytes, name) },
    { weight: 2, arbitrary: name.map((one): Request => ({ type: "get_metadata", name: one })) },
    fc.constantFrom<Request>({ type: "get_file_listing" }, { type: "help" }),
  );
  return fc.record({
    type: fc.constant("requests" as const),
    requests: fc.array(request, { minLength: 1, maxLength: 4 }).map((list): Request[] => [...list, { type: "quit" }]),
    thinkMs: fc.constantFrom(0, 0, 20, 400, 3_000),
    maxPipelined: fc.constantFrom(1, 1, 4),
  });
}

const diskMs = fc.oneof(
  { weight: 3, arbitrary: fc.constant<number[]>([]) },
  { weight: 2, arbitrary: fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }) },
  fc.array(fc.nat(2_000), { minLength: 1, maxLength: 3 }),
);

function get(fileBytes: number): fc.Arbitrary<ClientPlan> {
  return fc.record({
    type: fc.constant("get" as const),
    download: fc.record({
      name: fc.constantFrom(STABLE.large, ...CHANGING, STABLE.small, "no-such-file"),
      parallel: fc.constantFrom(1, 1, 2, 3),
      pipeline: fc.constantFrom(1, 1, 2),
      raw: fc.boolean(),
      resume: fc.constant(false),
      sliceBytes: fc.constantFrom(1, 2, 5, 9).map((parts) => Math.max(1, Math.ceil(fileBytes / parts))),
      verifyBytes: fc.constantFrom(1, 64, 4_096),
      writeBytes: fc.constantFrom(100, 4_096, 65_536),
      maxPendingWriteBytes: fc.constantFrom(200, 32_768),
      maxRetries: fc.constantFrom(0, 2, 5, 12),
      saveIntervalMs: fc.constantFrom(0, 1_000),
    }),
    isExpecting: fc.boolean(),
    diskMs,
  });
}

function script(fileBytes: number): fc.Arbitrary<ClientPlan> {
  const good = fc.oneof(
    fc.constantFrom(
      "help",
      "get_metadata stable",
      "get_metadata none",
      "get_slice a-z.txt 0 26",
      "get_slice a-z.txt 26 0 raw",
    ),
    fc.nat(fileBytes).map((size) => `get_slice stable ${fileBytes - size} ${size}`),
    fc.nat(fileBytes).map((size) => `get_slice stable 0 ${size} raw`),
    fc.constantFrom(
      "get_slice a-z.txt 20 7",
      "get_slice empty 0 0",
      " help",
      "get_metadata a b",
      "nonsense",
      "get_slice x y z",
    ),
  );
  const line = fc.oneof(
    { weight: 12, arbitrary: good.map((text) => `${text}\r\n`) },
    fc.constantFrom("quit\r\n", "\r\n", "help\n", "caf\xe9\r\n", `${"y".repeat(600)}\r\n`),
  );
  const text = fc
    .tuple(fc.array(line, { minLength: 1, maxLength: 8 }), fc.constantFrom("", "", "get_meta"))
    .map(([lines, rest]) => lines.join("") + rest);
  const sent = fc.tuple(text, fc.array(fc.nat(400), { maxLength: 4 }));
  const last = fc.constantFrom<Script["steps"][number]["does"] | undefined>(
    { type: "end" },
    { type: "end" },
    { type: "reset" },
    undefined,
  );
  const wait = fc.oneof({ weight: 5, arbitrary: fc.nat(100) }, fc.nat(5_000), fc.constant(30_000));
  return fc
    .tuple(sent, fc.array(wait, { minLength: 6, maxLength: 6 }), last, fc.boolean())
    .map(([[said, cuts], waits, ending, isPolite]): ClientPlan => {
      const steps: Script["steps"][number][] = pieces(said, cuts).map((piece, at) => ({
        afterMs: waits[at] ?? 0,
        does: { type: "send", text: piece },
      }));
      if (ending !== undefined) steps.push({ afterMs: waits[5] ?? 0, does: ending });
      return { type: "script", script: { steps, isPolite } };
    });
}

/** A text cut at some places, wherever these fall. */
function pieces(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % text.length), text.length])].sort((a, b) => a - b);
  return places.slice(1).map((end, at) => text.slice(places[at], end));
}

/** Most things happen while something is going on; some later. */
const atMs = fc.oneof({ weight: 4, arbitrary: fc.nat(600) }, { weight: 2, arbitrary: fc.nat(6_000) }, fc.nat(40_000));
const forMs = fc.oneof({ weight: 3, arbitrary: fc.nat(1_500) }, fc.nat(15_000), fc.constant(90_000));

/** What the network and the machines suffer: most of it while something is going on, and often a crash, of the server above all. */
function faults(clients: number): fc.Arbitrary<FaultSchedule> {
  const names = Array.from({ length: clients }, (_, at) => clientName(at));
  const links = names.flatMap((one) => [[one, SERVER] as const, [SERVER, one] as const]);
  const all = { nodes: [SERVER, ...names], links, maxLastingMs: 90_000, maxFaults: 1 };
  const early = { ...all, durationMs: 800 };
  return fc
    .tuple(
      faultSchedule({ ...early, maxFaults: 2, kinds: ["reset", "cut", "pause", "delay", "skew", "drift", "link"] }),
      fc.oneof(
        fc.constant<FaultSchedule>([]),
        faultSchedule({ ...early, nodes: [SERVER, SERVER, ...names], kinds: ["crash"] }),
      ),
      faultSchedule({ ...all, durationMs: 30_000 }),
    )
    .map(([most, crash, late]) => [...most, ...crash, ...late]);
}

function commands(plans: readonly ClientPlan[], fileBytes: number): fc.Arbitrary<readonly TimedCommand[]> {
  const length = fc.constantFrom(0, 1, Math.floor(fileBytes / 2), fileBytes, fileBytes + 1);
  const changing = fc.constantFrom(...CHANGING);
  const version = fc.integer({ min: 1, max: 200 });
  const change = fc.oneof(
    fc.tuple(fc.constantFrom("rewrite" as const, "replace" as const), changing, length, version).map(
      ([type, one, bytes, which]): ServerCommand => ({
        type,
        name: one,
        content: content(bytes, CHANGING.indexOf(one) + 10, which),
      }),
    ),
    fc.tuple(changing, length).map(([one, bytes]): ServerCommand => ({ type: "truncate", name: one, length: bytes })),
    changing.map((one): ServerCommand => ({ type: "remove", name: one })),
  );
  const server = fc.oneof(
    { weight: 6, arbitrary: change },
    fc.constantFrom<ServerCommand>({ type: "shutdown" }, { type: "hide" }, { type: "show" }, { type: "break" }),
  );
  const readers = plans.flatMap((plan, at) => (plan.type === "get" ? [] : [clientName(at)]));
  const onServer = fc.record({ atMs, node: fc.constant(SERVER), command: server });
  const anyClient = fc.nat(plans.length - 1).map(clientName);
  const givenUp = fc.record({ atMs, node: anyClient, command: fc.constant<ClientCommand>({ type: "give-up" }) });
  const slow = fc.record({
    atMs: fc.nat(400),
    node: fc.constantFrom(...(readers.length === 0 ? [clientName(0)] : readers)),
    command: forMs.map((ms): ClientCommand => ({ type: "stop-reading", forMs: ms })),
  });
  const one =
    readers.length === 0
      ? fc.oneof({ weight: 3, arbitrary: onServer }, givenUp)
      : fc.oneof({ weight: 3, arbitrary: onServer }, givenUp, { weight: 2, arbitrary: slow });
  return fc.array(one, { maxLength: 3 });
}

const link: fc.Arbitrary<Impairments> = fc.record({
  latencyMs: fc.constantFrom(0, 1, 10, 80),
  jitterMs: fc.constantFrom(0, 0, 5, 60),
  bytesPerSecond: fc.constantFrom(Number.POSITIVE_INFINITY, 1_000_000, 60_000),
  drop: fc.constantFrom(0, 0, 0.02, 0.15),
  duplicate: fc.constantFrom(0, 0, 0.05),
  reorder: fc.constantFrom(0, 0, 0.1),
  corrupt: fc.constantFrom(0, 0, 0.03),
});

/** Small buffers, so that a few kilobytes fill them. Every write is followed by `drained`, as in the driver of sockets. */
const streams = fc
  .record({
    mss: fc.constantFrom(2, 61, 536, 1_460),
    segments: fc.constantFrom("full" as const, "random" as const),
    reads: fc.constantFrom("segments" as const, "all" as const, "random" as const),
    sendSegments: fc.constantFrom(1.5, 6, 50),
    receiveSegments: fc.constantFrom(1.5, 6, 50),
  })
  .map(({ sendSegments, receiveSegments, ...stream }) => ({
    ...stream,
    sendBufferBytes: Math.ceil(stream.mss * sendSegments),
    receiveBufferBytes: Math.ceil(stream.mss * receiveSegments),
    highWaterBytes: 0,
  }));

const session = fc.record({
  base64Lines: fc.boolean(),
  maxErrors: fc.constant(64),
  maxLineBytes: fc.constant(512),
  maxBytesPerSecond: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 200_000, 24_000),
  highWaterBytes: fc.constantFrom(1_024, 8_192, 65_536),
  maxPendingBytes: fc.constantFrom(1_024, 65_536),
  idleTimeoutMs: fc.constant(20_000),
  requestTimeoutMs: fc.constant(60_000),
  stallTimeoutMs: fc.constant(60_000),
  lingerTimeoutMs: fc.constant(2_000),
});

/** Everything that a run can be. */
export const scenario: fc.Arbitrary<Scenario> = fc
  .tuple(streams, fc.nat(60))
  .chain(([stream, segments]) => {
    const fileBytes = 1 + stream.mss * segments; // so many that a run has some hundred events
    const plan = fc.oneof(
      { weight: 2, arbitrary: requests(fileBytes) },
      { weight: 3, arbitrary: get(fileBytes) },
      { weight: 2, arbitrary: script(fileBytes) },
    );
    return fc.tuple(fc.constant({ stream, fileBytes }), fc.array(plan, { minLength: 1, maxLength: 3 }));
  })
  .chain(([{ stream, fileBytes }, clients]) =>
    fc.record({
      seed: fc.nat(),
      link,
      streams: fc.constant(stream),
      server: fc.record({ session, maxConnections: fc.constantFrom(100, 100, 100, 1), diskMs }),
      fileBytes: fc.constant(fileBytes),
      clients: fc.constant(clients),
      faults: faults(clients.length),
      commands: commands(clients, fileBytes),
    }),
  );
