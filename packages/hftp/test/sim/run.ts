/** Runs one scenario in the simulator, and says what came of it and what must not have. */
import { type CreateProgram, type Endpoint, SimnetError, type TraceEvent, World } from "@lab/simnet";
import { ClientSession, Download, ServerSession } from "../../src/core/index.js";
import { plainDigest } from "../client/plain-digest.js";
import { type ClientSessionClass, HftpClientProgram, type RequestRecord } from "./client-program.js";
import { type DownloadClass, type GetRecord, HftpGetProgram } from "./get-program.js";
import { Moments } from "./moments.js";
import { type Circumstances, getViolations, requestViolations, scriptViolations, serverViolations } from "./oracles.js";
import { CHANGING, type ClientPlan, clientName, content, type Scenario, SERVER, STABLE } from "./scenario.js";
import { ScriptedClient, type ScriptRecord } from "./scripted-client.js";
import type { StreamRecord } from "./served-stream.js";
import { HftpServerProgram, PORT, type ServerSessionClass } from "./server-program.js";
import { SimulatedDirectory } from "./simulated-directory.js";

/** What is put to the test: the shipped machines, or one of them with a bug. */
export interface Machines {
  readonly ServerSession: ServerSessionClass;
  readonly ClientSession: ClientSessionClass;
  readonly Download: DownloadClass;
}

export const SHIPPED: Machines = { ServerSession, ClientSession, Download };

/** What came of a run. */
export interface Result {
  /** What must not be, in words; empty for a good run. */
  readonly violations: readonly string[];
  /** How each request, download and script ended, in a word. */
  readonly outcomes: readonly string[];
  /** What went wrong while a client was at work. */
  readonly faults: readonly string[];
  /** Nothing was amiss that TCP and a little patience do not mend: everything had to succeed. */
  readonly isFair: boolean;
  readonly trace: readonly TraceEvent[];
}

/** A fault that TCP mends by itself. */
export const LOSSES = "segments lost, sent again";

const server: Endpoint = { node: SERVER, port: PORT };
const clientTimeouts = { connectTimeoutMs: 10_000, replyTimeoutMs: 20_000, lingerTimeoutMs: 2_000 };
/** Several times what any run has needed. */
const MAX_EVENTS = 1_000_000;
/** Bytes of file in a piece, at most (H19), and of a status line with a header. */
const PIECE_BYTES = 72 * 1024;
const HEAD_BYTES = 100;

/** The records of one client, over all its incarnations. */
interface ClientRecords {
  readonly plan: ClientPlan;
  readonly requests: RequestRecord[];
  readonly gets: GetRecord[];
  readonly scripts: ScriptRecord[];
}

export function run(scenario: Scenario, machines: Machines = SHIPPED, trace = false): Result {
  return new Run(scenario, machines, trace).result();
}

class Run {
  readonly #scenario: Scenario;
  readonly #machines: Machines;
  readonly #moments = new Moments();
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #directory: SimulatedDirectory;
  readonly #streams: StreamRecord[] = [];
  readonly #clients: readonly ClientRecords[];
  readonly #world: World;
  #directoryLost = false;
  /** Until when a client was at work. */
  #busyUntil = 0;

  constructor(scenario: Scenario, machines: Machines, trace: boolean) {
    this.#scenario = scenario;
    this.#machines = machines;
    this.#files = new Map([
      [STABLE.large, content(scenario.fileBytes, 1)],
      [STABLE.empty, new Uint8Array(0)],
      [STABLE.small, Buffer.from("abcdefghijklmnopqrstuvwxyz")],
      ...CHANGING.map((name, at) => [name, content(scenario.fileBytes, at + 10)] as const),
    ]);
    this.#directory = new SimulatedDirectory(this.#files, this.#moments);
    this.#clients = scenario.clients.map((plan) => ({ plan, requests: [], gets: [], scripts: [] }));
    const { seed, link, streams, faults } = scenario;
    const clients = this.#clients.map((records, at) => [clientName(at), this.#createClient(records)] as const);
    const nodes = { [SERVER]: this.#createServer(), ...Object.fromEntries(clients) };
    this.#world = new World({ seed, impairments: link, streams, faults, trace, nodes });
    for (const { node, command, atMs } of scenario.commands) this.#world.command(node, command, atMs);
  }

  result(): Result {
    const violations = this.#run();
    return {
      violations: violations.length > 0 ? violations : this.#violations(),
      outcomes: this.#outcomes(),
      faults: this.#faultsMet(),
      isFair: this.#isFair,
      trace: this.#world.trace,
    };
  }

  #createServer(): CreateProgram {
    const { session, maxConnections, diskMs } = this.#scenario.server;
    const turn = inTurn(diskMs);
    return ({ durable, incarnation }) => {
      if (incarnation === 1) durable.set("directory", this.#directory);
      let directory = durable.get("directory") as SimulatedDirectory | undefined;
      if (directory === undefined) {
        this.#directoryLost = true;
        directory = new SimulatedDirectory([], this.#moments);
        directory.change({ type: "hide" });
      }
      const options = { session, admission: { maxConnections, maxRefusals: 1 }, diskMs: turn };
      return new HftpServerProgram({ ...options, Session: this.#machines.ServerSession }, directory, this.#streams);
    };
  }

  #createClient({ plan, requests, gets, scripts }: ClientRecords): CreateProgram {
    const { ClientSession: Session, Download } = this.#machines;
    switch (plan.type) {
      case "requests": {
        const session = { ...clientTimeouts, maxPipelined: plan.maxPipelined };
        const options = { server, requests: plan.requests, thinkMs: plan.thinkMs, session, Session };
        return () => new HftpClientProgram(options, this.#moments, requests);
      }
      case "get": {
        const options = { server, download: this.#download(plan), session: clientTimeouts, Session, Download };
        const diskMs = inTurn(plan.diskMs);
        return (environment) => new HftpGetProgram(environment, { ...options, diskMs }, this.#moments, gets);
      }
      case "script":
        return () => new ScriptedClient(server, plan.script, scripts);
    }
  }

  #download(plan: Extract<ClientPlan, { readonly type: "get" }>) {
    const { download, isExpecting } = plan;
    const meant = this.#files.get(download.name);
    return isExpecting && meant !== undefined ? { ...download, expect: plainDigest(meant) } : download;
  }

  /** To the end of all clients, and then to the end of everything. Answers why that never came. */
  #run(): string[] {
    const world = this.#world;
    try {
      world.run({ maxEvents: MAX_EVENTS, until: () => this.#clients.every((_, at) => this.#isDone(clientName(at))) });
      this.#busyUntil = world.now;
      world.run({ maxEvents: MAX_EVENTS });
      return [];
    } catch (error) {
      if (!(error instanceof SimnetError)) throw error;
      return [`${error.code}: ${error.message}`];
    }
  }

  #isDone(node: string): boolean {
    const { state, incarnation } = this.#world.node(node);
    if (state === "down") return incarnation > 0;
    return this.#program(node)?.isDone === true;
  }

  #program(node: string): { readonly isDone: boolean } | undefined {
    return this.#world.program<HftpClientProgram | HftpGetProgram | ScriptedClient>(node);
  }

  #violations(): string[] {
    const there: Circumstances = {
      directory: this.#directory,
      directoryLost: this.#directoryLost,
      // Counted, since the server may hold what a client has lost beside what it makes instead.
      overLimit: this.#streams.some(({ besides }) => besides >= this.#scenario.server.maxConnections),
      shutDown: this.#scenario.commands.some(({ command }) => command.type === "shutdown"),
    };
    const { highWaterBytes = 0, maxPendingBytes = 0 } = this.#scenario.server.session;
    const piece = 4 * Math.ceil(Math.min(PIECE_BYTES, this.#scenario.fileBytes + 1) / 3) + HEAD_BYTES;
    const bounds = { undrained: highWaterBytes + piece, pending: maxPendingBytes };
    return [
      ...this.#leftOpen(),
      ...serverViolations(this.#streams, bounds),
      ...this.#clients.flatMap((client, at) => this.#clientViolations(client, clientName(at), there)),
    ];
  }

  #connectionsAtMost(): number {
    return this.#clients.reduce((sum, { plan }) => sum + (plan.type === "get" ? (plan.download.parallel ?? 1) : 1), 0);
  }

  /** Nothing is left to happen: then nobody may be waiting, and nothing may be open. */
  #leftOpen(): string[] {
    const found: string[] = [];
    const running = this.#world.program<HftpServerProgram>(SERVER);
    if (running !== undefined) {
      if (running.connections > 0) found.push(`server: ${running.connections} connections are left for ever`);
      if (running.openFiles > 0) found.push(`server: ${running.openFiles} files are left open`);
    }
    for (const [at] of this.#clients.entries()) {
      if (this.#program(clientName(at))?.isDone === false) found.push(`${clientName(at)}: it waits for ever`);
    }
    return found;
  }

  #clientViolations({ plan, requests, gets, scripts }: ClientRecords, node: string, there: Circumstances): string[] {
    const found = requestViolations(requests, there);
    if (this.#program(node)?.isDone === true && requests.some(({ endedAt }) => endedAt === undefined)) {
      const died = this.#world.node(node).incarnation > 1; // those of its earlier lives have no end
      if (!died) found.push("a request without an end");
    }
    if (plan.type === "get") found.push(...getViolations(gets, this.#download(plan), there));
    const served = this.#streams.filter(({ peer }) => peer === node);
    const { session } = this.#scenario.server;
    const options = {
      maxLineBytes: session.maxLineBytes ?? 0,
      maxErrors: session.maxErrors ?? 0,
      base64Lines: session.base64Lines === true,
    };
    for (const [at, script] of scripts.entries()) {
      const until = scripts[at + 1]?.startedAt ?? Number.POSITIVE_INFINITY;
      const [own, ...others] = served.filter((one) => one.acceptedAt >= script.startedAt && one.acceptedAt < until);
      found.push(...scriptViolations(script, others.length === 0 ? own : undefined, this.#files, options, there));
    }
    return [...found, ...(this.#isFair ? this.#unfairEnds({ plan, requests, gets, scripts }, served) : [])].map(
      (one) => `${node}: ${one}`,
    );
  }

  get #isFair(): boolean {
    const { faults, commands, link, server: there } = this.#scenario;
    const isPatient = commands.every(({ command }) => command.type === "stop-reading" && command.forMs < 1_500);
    return (
      faults.length === 0 && isPatient && (link.drop ?? 0) < 0.1 && there.maxConnections >= this.#connectionsAtMost()
    );
  }

  #unfairEnds({ requests, gets, scripts }: ClientRecords, served: readonly StreamRecord[]): string[] {
    const failed = requests.filter(({ error }) => error !== undefined);
    const missing = (code: string): boolean => code === "STATUS_202";
    const gone = gets.filter(({ result }) => result?.type === "failed" && !missing(result.error.code));
    const timedOut = served.some(({ endedOn }) => endedOn === "tick");
    // What was lost again and again was still on its way when the server had lingered for as long as it does.
    const { lingerTimeoutMs = Number.POSITIVE_INFINITY } = this.#scenario.server.session;
    const isCutOff = served.some(({ endedAt = Number.POSITIVE_INFINITY, droppedAt = 0 }) => {
      return droppedAt - endedAt >= lingerTimeoutMs;
    });
    if (isCutOff) return [];
    const unanswered = scripts.filter(({ dropped, serverEnded, halfClosed }) => !dropped && halfClosed && !serverEnded);
    return [
      ...failed.map(({ error }) => `without a fault: ${error?.message}`),
      ...gone.map(({ result }) => `without a fault: ${result?.type === "failed" ? result.error.message : ""}`),
      ...(timedOut ? [] : unanswered.map(() => "without a fault: a script was not answered")),
    ];
  }

  #outcomes(): string[] {
    return this.#clients.flatMap(({ requests, gets, scripts }) => [
      ...requests.map(({ reply, error }) => {
        if (reply !== undefined) return `request: reply ${reply.code}`;
        return `request: ${error?.code ?? "client crashed"}`;
      }),
      ...gets.map(({ result }) => {
        if (result === undefined) return "get: client crashed";
        return `get: ${result.type === "finished" ? "success" : result.error.code}`;
      }),
      ...scripts.map(({ serverEnded, dropped, connected, received }) => {
        if (!connected) return "script: no connection";
        if (serverEnded) return "script: ended by the server in good order";
        return `script: ${dropped ? "dropped by itself" : "cut off"} after ${received === "" ? "nothing" : "some replies"}`;
      }),
    ]);
  }

  /** Scheduled faults and commands that came while a client was at work, and losses that TCP had to mend. */
  #faultsMet(): string[] {
    const { faults, commands, server: there } = this.#scenario;
    const { lostOnLinks, corrupted } = this.#world.counts;
    const met = faults.flatMap((fault) => ("atMs" in fault && fault.atMs < this.#busyUntil ? [faultName(fault)] : []));
    const told = commands.flatMap(({ atMs, command }) => (atMs < this.#busyUntil ? [command.type] : []));
    const halfClosed = this.#clients.flatMap(({ scripts }) =>
      scripts.flatMap((script) => (script.halfClosed && !script.serverEnded ? ["half-close, then no end"] : [])),
    );
    const refused = there.maxConnections < this.#connectionsAtMost() ? ["too many connections"] : [];
    return [...met, ...told, ...halfClosed, ...refused, ...(lostOnLinks + corrupted > 0 ? [LOSSES] : [])];
  }
}

function faultName(fault: Scenario["faults"][number]): string {
  if (fault.type !== "crash") return fault.type;
  const who = fault.node === SERVER ? "server" : "client";
  return `${who} crash${fault.restartAfterMs === undefined ? ", no restart" : fault.durable === "lost" ? ", all lost" : ""}`;
}

function inTurn(values: readonly number[]): () => number {
  let at = 0;
  return () => values[at++ % values.length] ?? 0;
}
