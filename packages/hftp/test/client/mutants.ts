/**
 * Bugs of a client, each one rule of the shipped code changed by a subclass, and the scenarios that must notice them
 * (test/client/mutants.test.ts, and `node --import tsx packages/hftp/test/client/run-mutants.ts` for the table).
 */
import type {
  ClientInput,
  ClientOutput,
  ClientSessionOptions,
  ResolvedClientOptions,
} from "../../src/core/client-messages.js";
import { ClientSession } from "../../src/core/client-session.js";
import { ConnectionSlots } from "../../src/core/connection-slots.js";
import { Download } from "../../src/core/download.js";
import type { DownloadInput, DownloadMachineOptions, DownloadOutput } from "../../src/core/download-messages.js";
import { decodeDownloadState, encodeDownloadState } from "../../src/core/download-state.js";
import { ConnectionError } from "../../src/core/errors.js";
import type { Job } from "../../src/core/jobs.js";
import { PartContent, type Writing } from "../../src/core/part-content.js";
import { type Range, Ranges } from "../../src/core/ranges.js";
import { type ReplyEvent, ReplyParser } from "../../src/core/reply-parser.js";
import type { Request } from "../../src/core/requests.js";
import { SessionHarness } from "./session-harness.js";
import { SimulatedWorld, type WorldOptions } from "./simulated-world.js";

/** What is put to the test: the shipped classes, or one of them changed. */
export interface Client {
  readonly session: (options: ClientSessionOptions) => ClientSession;
  readonly download: (options: DownloadMachineOptions) => Download;
}

export interface Mutant extends Partial<Client> {
  readonly rule: string;
  readonly bug: string;
}

export interface Verdict {
  readonly mutant: Mutant;
  /** Names of the scenarios that fail with the mutant, each with what it saw. */
  readonly killedBy: readonly string[];
}

const dice = (length: number): Uint8Array => new Uint8Array(length);
export const SHIPPED: Client = {
  session: (options) => new ClientSession(options, 0),
  download: (options) => new Download(options, dice),
};

const small = { name: "f", sliceBytes: 1000, verifyBytes: 64, writeBytes: 400, saveIntervalMs: 0 };
const file: Uint8Array = Uint8Array.from({ length: 6000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff);

/** Runs a download in a world; says what came of it in a few words. */
function fetched(client: Client, world: Partial<WorldOptions>, options: Partial<DownloadMachineOptions> = {}): string {
  const there = new SimulatedWorld({ seed: 1, file, ...world, machine: client.download });
  return outcome(there, there.run({ ...small, ...options }, { maxSteps: 20_000 }));
}

function outcome(world: SimulatedWorld, result: ReturnType<SimulatedWorld["run"]>): string {
  if (result?.type !== "finished") return result === undefined ? "no end" : result.error.code;
  return Buffer.from(world.final ?? []).equals(Buffer.from(file)) ? "exact" : "wrong bytes";
}

function resumed(client: Client, differsAt: number): string {
  const world = new SimulatedWorld({ seed: 1, file, machine: client.download });
  world.part = file.slice(0, 3000);
  world.part[differsAt] = (world.part[differsAt] as number) ^ 1;
  world.state = encodeDownloadState({ name: "f", size: file.length, done: new Ranges([[0, 3000]]) });
  return outcome(world, world.run({ ...small, resume: true }, { maxSteps: 20_000 }));
}

/** Kills a download at every step and counts the state files that claim what is not there. */
function dishonest(client: Client): number {
  let count = 0;
  for (let maxSteps = 5; maxSteps < 60; maxSteps++) {
    const world = new SimulatedWorld({ seed: maxSteps, file, machine: client.download });
    world.run(small, { maxSteps });
    if (world.final !== undefined || world.part === undefined) continue;
    const state = decodeDownloadState(world.state ?? "", world.part.length);
    const claims = [...(state?.done ?? [])];
    const honest = (claim: Range): boolean =>
      Buffer.from(world.part?.slice(...claim) ?? []).equals(Buffer.from(file.slice(...claim)));
    if (state === undefined || !claims.every(honest)) count++;
  }
  return count;
}

function answered(client: Client, request: Request, said: string, options: ClientSessionOptions = {}): string {
  const harness = new SessionHarness({}, client.session(options)).input({ type: "connected" }).request(1, request);
  harness.bytes(said);
  const { reply, error } = harness.answer(1);
  if (harness.destroyed && reply !== undefined) return `${reply.code}, then dropped`;
  return (
    error?.code ?? (reply === undefined ? "waits" : `${reply.code}: ${Buffer.from(harness.data(1)).toString("latin1")}`)
  );
}

const slice = (size: number): Request => ({ type: "get_slice", name: "f", offset: 0, size, raw: false });
const silent = { type: "silent" } as const;

/** Each scenario says what it sees, and what it must see. */
export const SCENARIOS: Readonly<Record<string, (client: Client) => readonly [saw: unknown, must: unknown]>> = {
  "a second request waits for the first reply": (client) => {
    const harness = new SessionHarness({}, client.session({})).input({ type: "connected" });
    harness.request(1, slice(1)).request(2, slice(1));
    return [harness.sent.length, 1];
  },
  "silent connections beside one that answers are not made again": (client) => {
    const faults = [{ type: "short" } as const, silent, silent, silent];
    const world = new SimulatedWorld({ seed: 3, file, lineBytes: 48, faults, machine: client.download });
    world.run({ ...small, parallel: 4 }, { maxSteps: 20_000 });
    return [world.notices.filter((code) => code === "DROPPED").length, 3];
  },
  "the state file claims what is written, at any moment": (client) => [dishonest(client), 0],
  "a file of the final name is left alone": (client) => {
    const world = new SimulatedWorld({ seed: 1, file, machine: client.download });
    world.final = Uint8Array.of(1);
    world.run(small, { maxSteps: 20_000 });
    return [world.final.length, 1];
  },
  "another process writes the .part file": (client) => {
    const owner = { id: "a", pid: 2, started: "-", host: "here" };
    return [fetched(client, { locked: { path: "f.part.lock", owner } }), "IN_USE"];
  },
  "another file got into the place of the .part file": (client) => [fetched(client, { replaced: true }), "FILE_ERROR"],
  "a byte just before a hole differs": (client) => [resumed(client, 2999), "exact"],
  "a byte 64 before a hole differs": (client) => [resumed(client, 2936), "exact"],
  "the file grows while it is fetched": (client) => {
    const change = { after: 4, file: Uint8Array.of(...file, 1) };
    return [fetched(client, { change }), "SIZE_CHANGED"];
  },
  "the file shrinks while it is fetched": (client) => {
    const change = { after: 4, file: file.slice(0, 10) };
    const world = new SimulatedWorld({ seed: 1, file, change, machine: client.download });
    const how = outcome(world, world.run(small, { maxSteps: 20_000 }));
    return [`${how} on connection ${world.connections}`, "SIZE_CHANGED on connection 1"];
  },
  "another digest than the expected one": (client) => {
    return [fetched(client, {}, { expect: "0".repeat(64) }), "DIGEST_MISMATCH"];
  },
  "raw from a server that does not know it": (client) => {
    const world = new SimulatedWorld({ seed: 1, file, machine: client.download });
    world.run({ ...small, raw: true }, { maxSteps: 20_000 });
    return [world.asked.some(({ request }) => request.type === "get_slice" && request.raw), false];
  },
  "raw that nobody asked for": (client) => {
    const world = new SimulatedWorld({ seed: 1, file, knowsRaw: true, machine: client.download });
    world.run(small, { maxSteps: 20_000 });
    return [world.asked.some(({ request }) => request.type === "get_slice" && request.raw), false];
  },
  "base64 in two lines": (client) => [answered(client, slice(6), "0 OK\r\nYWJj\r\nZGVm\r\n"), "0: abcdef"],
  "base64 of too few bytes": (client) => [answered(client, slice(6), "0 OK\r\nYWJj\r\n\r\n"), "BAD_REPLY"],
  "base64 of too many bytes": (client) => [answered(client, slice(1), "0 OK\r\nYWJj\r\n"), "BAD_REPLY"],
  "a raw body of another length": (client) => {
    const request: Request = { type: "get_slice", name: "f", offset: 0, size: 3, raw: true };
    return [answered(client, request, "0 OK\r\nContent-Length: 4\r\n\r\nabcd"), "BAD_REPLY"];
  },
  "base64 that is none": (client) => [answered(client, slice(3), "0 OK\r\nYW*j\r\n"), "BAD_REPLY"],
  "base64 of the URL-safe alphabet": (client) => [answered(client, slice(3), "0 OK\r\nYW-j\r\n"), "BAD_REPLY"],
  "bytes that nobody asked for": (client) => [answered(client, slice(0), "0 OK\r\n\r\nmore"), "0, then dropped"],
  "a server that is silent": (client) => {
    const session = client.session({ connectTimeoutMs: 50 });
    session.handle(0, { type: "connected" });
    session.handle(0, { type: "request", id: 1, request: slice(1) });
    return [session.nextDeadline(), 50];
  },
  "more requests than may wait": (client) => {
    const session = client.session({ maxQueuedRequests: 1 });
    session.handle(0, { type: "request", id: 1, request: slice(1) });
    try {
      session.handle(0, { type: "request", id: 2, request: slice(1) });
      return ["taken", "refused"];
    } catch {
      return ["refused", "refused"];
    }
  },
};

/** A download whose inputs and outputs pass through a change. */
function changing(
  input: (one: DownloadInput) => DownloadInput,
  output: (one: DownloadOutput) => DownloadOutput = (one) => one,
): Client["download"] {
  return (options) =>
    new (class extends Download {
      override handle(now: number, one: DownloadInput): DownloadOutput[] {
        return super.handle(now, input(one)).map(output);
      }
    })(options, dice);
}

function withContent(Content: new () => PartContent): Client["download"] {
  return (options) =>
    new (class extends Download {
      protected override createContent(): PartContent {
        return new Content();
      }
    })(options, dice);
}

function withParser(Parser: new (limits: ResolvedClientOptions) => ReplyParser): Client["session"] {
  return (given) =>
    new (class extends ClientSession {
      protected override createParser(options: ResolvedClientOptions): ReplyParser {
        return new Parser(options);
      }
    })(given, 0);
}

const same = (one: DownloadInput): DownloadInput => one;
const rawSlice = (request: Request): Request => (request.type === "get_slice" ? { ...request, raw: true } : request);

export const MUTANTS: readonly Mutant[] = [
  { rule: "H30", bug: "pipelines untold", session: (options) => new ClientSession({ ...options, maxPipelined: 8 }, 0) },
  {
    rule: "H31",
    bug: "makes silent connections again",
    download: (options) =>
      new (class extends Download {
        protected override createSlots(): ConnectionSlots {
          return new (class extends ConnectionSlots {
            override lost(...[now, slot]: Parameters<ConnectionSlots["lost"]>): "retry" | "retired" {
              return super.lost(now, slot, new ConnectionError("CLOSED", "x"));
            }
          })(this.options, dice);
        }
      })(options, dice),
  },
  {
    rule: "H32",
    bug: "counts bytes as there when it hands them to the disk",
    download: withContent(
      class extends PartContent {
        override write(job: Job): ReturnType<PartContent["write"]> {
          const writing = super.write(job);
          if (writing !== undefined) super.written(writing, true);
          return writing;
        }
        override written(_: Writing): void {}
      },
    ),
  },
  {
    rule: "H32",
    bug: "replaces an existing file",
    download: (options) => new Download({ ...options, overwrite: true }, dice),
  },
  {
    rule: "H32",
    bug: "does not mind that another process writes the .part file",
    download: changing((one) => {
      if (one.type !== "inspected") return one;
      const { locked: _, ...rest } = one;
      return rest;
    }),
  },
  {
    rule: "H32",
    bug: "gives the final name to whatever stands in the place of the .part file",
    download: changing((one) => (one.type === "replaced" ? { type: "done", id: one.id } : one)),
  },
  {
    rule: "H33",
    bug: "compares nothing",
    download: (options) =>
      new (class extends Download {
        protected override isSame(): boolean {
          return true;
        }
      })(options, dice),
  },
  {
    rule: "H33",
    bug: "fetches the last 8 bytes again instead of all",
    download: (options) => new Download({ ...options, verifyBytes: 8 }, dice),
  },
  {
    rule: "H34",
    bug: "does not look at the size again",
    download: (options) => {
      let first: number | undefined;
      return changing((one) => {
        if (one.type !== "reply" || one.size === undefined) return one;
        first ??= one.size;
        return { ...one, size: first };
      })(options);
    },
  },
  {
    rule: "H34",
    bug: "takes 203 in the middle for a lost connection",
    download: changing((one) => {
      if (one.type !== "reply" || one.code !== 203) return one;
      return { type: "lost", connection: one.connection, error: new ConnectionError("CLOSED", "x") };
    }),
  },
  {
    rule: "H35",
    bug: "ignores the expected digest",
    download: ({ expect: _, ...options }) => new Download(options, dice),
  },
  {
    rule: "H36",
    bug: "takes any answer to help for a yes",
    download: changing((one) => (one.type === "reply" && one.code === 200 ? { ...one, code: 0 } : one)),
  },
  {
    rule: "H36",
    bug: "asks for raw untold",
    download: changing(same, (one) => (one.type === "ask" ? { ...one, request: rawSlice(one.request) } : one)),
  },
  {
    rule: "H38",
    bug: "takes the first line for all",
    session: withParser(
      class extends ReplyParser {
        #bytes = 0;
        protected override base64(size: number): ReplyEvent | undefined {
          const event = super.base64(this.#bytes === 0 ? size : this.#bytes);
          if (event?.type === "body") this.#bytes = event.bytes;
          return event;
        }
      },
    ),
  },
  {
    rule: "H38",
    bug: "takes more bytes than asked for",
    session: withParser(
      class extends ReplyParser {
        protected override base64(size: number): ReplyEvent | undefined {
          return super.base64(Math.max(3, size));
        }
      },
    ),
  },
  {
    rule: "H38",
    bug: "takes the URL-safe alphabet",
    session: withParser(
      class extends ReplyParser {
        override feed(chunk: Uint8Array): void {
          super.feed(chunk.map((byte) => (byte === 0x2d ? 0x2b : byte === 0x5f ? 0x2f : byte)));
        }
      },
    ),
  },
  {
    rule: "H38",
    bug: "takes a raw body of any announced length",
    session: withParser(
      class extends ReplyParser {
        protected override rawHeader(): undefined {
          super.rawHeader(4);
        }
      },
    ),
  },
  {
    rule: "H39",
    bug: "takes what the decoder made of invalid base64",
    session: (options) =>
      new (class extends ClientSession {
        override handle(now: number, input: ClientInput): ClientOutput[] {
          return input.type === "undecodable" ? [] : super.handle(now, input);
        }
      })(options, 0),
  },
  {
    rule: "H39",
    bug: "does not mind bytes that nobody asked for",
    session: (options) =>
      new (class extends ClientSession {
        override handle(now: number, input: ClientInput): ClientOutput[] {
          return super.handle(now, input).filter((output) => output.type !== "destroy");
        }
      })(options, 0),
  },
  {
    rule: "H40",
    bug: "waits for ever",
    session: (options) =>
      new (class extends ClientSession {
        override nextDeadline(): undefined {}
      })(options, 0),
  },
  {
    rule: "H40",
    bug: "queues without a bound",
    session: (options) => new ClientSession({ ...options, maxQueuedRequests: 2 ** 20 }, 0),
  },
];

/** The scenarios that a client fails. */
export function failures(client: Client): string[] {
  return Object.entries(SCENARIOS).flatMap(([name, scenario]) => {
    const [saw, must] = scenario(client);
    return saw === must ? [] : [`${name} (${String(saw)})`];
  });
}

export function judge(): Verdict[] {
  return MUTANTS.map((mutant) => ({ mutant, killedBy: failures({ ...SHIPPED, ...mutant }) }));
}
