/** Runs a plan: faults, then calm, with the oracles at every step, and liveness at the end. */
import { settle, type TraceEvent, type TrafficCounts, World } from "@lab/simnet";
import type { Position } from "../../src/core/index.js";
import type { ClientProgram } from "./client-program.js";
import { ClientRecord } from "./client-record.js";
import { checkEnd, sharedBy } from "./end-checks.js";
import { engineActs } from "./engine-acts.js";
import { hostilePeer } from "./hostile-peer.js";
import { type Machines, SHIPPED } from "./machines.js";
import { LATEST_PUBLISH_MS, type Plan, type PlannedClient, roomsOf } from "./plan.js";
import { auditor, optionsOf } from "./planned-clients.js";
import { RoomModel } from "./room-model.js";
import { SharedEngine } from "./shared-engine.js";
import { Violation, violationIn } from "./violation.js";

export interface RunOfPlan {
  /** What was broken first, if anything was. */
  readonly violation: Violation | undefined;
  readonly virtualMs: number;
  readonly events: number;
  readonly publishes: number;
  readonly deliveries: number;
  /** How it ended, and what was met: counted by words. */
  readonly met: ReadonlyMap<string, number>;
  readonly counts: Readonly<TrafficCounts>;
  readonly trace: readonly TraceEvent[];
}

/** Everybody has the rest of the log within so long, whatever happened before. */
const SETTLES_WITHIN_MS = 120_000;

export interface RunOptions {
  readonly trace?: boolean;
  /** What the application of a node is told, and when. */
  readonly observed?: (node: string, atMs: number, what: string) => void;
  /** Only up to then: what everybody has in the end is not asked. */
  readonly endsAtMs?: number;
}

export function runPlan(plan: Plan, machines: Machines = SHIPPED, options: RunOptions = {}): RunOfPlan {
  const run = new PlannedRun(plan, machines, options);
  let violation: Violation | undefined;
  try {
    run.run(options.endsAtMs);
  } catch (error) {
    violation = violationIn(error);
  }
  return run.result(violation);
}

export class PlannedRun {
  readonly world: World;
  readonly records: Map<string, ClientRecord> = new Map();
  readonly met: Map<string, number> = new Map();
  readonly #plan: Plan;
  readonly #machines: Machines;
  readonly #models = new Map<string, RoomModel>();
  readonly #engine: SharedEngine | undefined;
  readonly #rooms = new Map<string, string>();
  readonly #observed: RunOptions["observed"];
  #wireEntries = 0;
  /** Of sessions, since all had the log in the calm. */
  #takeovers = 0;
  #hasChanged = true;
  #lack: string | undefined;

  constructor(plan: Plan, machines: Machines, { trace = false, observed }: RunOptions) {
    this.#plan = plan;
    this.#observed = observed;
    this.#machines = machines;
    this.world = new World({
      seed: plan.seed,
      trace,
      impairments: plan.impairments,
      streams: plan.streams,
      calmAtMs: plan.calmAtMs,
    });
    for (const room of roomsOf(plan)) this.#models.set(room, new RoomModel(room));
    if (plan.log === "shared") {
      const { historyMessages: history = 100_000, maxSessions = 10_000 } = plan.server;
      const options = { seed: plan.seed, ...plan.engine, history, maxSessions, mutation: machines.engine };
      this.#engine = new SharedEngine(options, () => this.world, this.#modelOf);
    }
    for (const name of plan.servers) this.#addServer(name);
    for (const client of plan.clients) this.#addClient(client);
    for (const room of roomsOf(plan)) this.#addClient(auditor(room, plan.calmAtMs));
    this.#addActs();
    for (const fault of plan.faults) this.world.addFault(fault);
  }

  run(endsAtMs?: number): void {
    const { world } = this;
    const { calmAtMs } = this.#plan;
    for (const { atMs, act } of this.#engine === undefined ? [] : engineActs(this.#plan, this.#engine)) {
      world.run({ untilMs: atMs });
      act();
    }
    this.#count("shared logs restored", this.#engine?.restores ?? 0);
    world.run({ untilMs: endsAtMs ?? calmAtMs + LATEST_PUBLISH_MS });
    if (endsAtMs !== undefined) return;
    settle(world, { missing: () => this.#missing(), withinMs: SETTLES_WITHIN_MS });
    this.#takeovers = 0;
    // What nobody waits for must do no harm either; and a leave may still come.
    world.run({ untilMs: world.now + 2 * (this.#plan.server.heartbeatMs ?? 0) });
    settle(world, { missing: () => this.#missing(), withinMs: SETTLES_WITHIN_MS });
    // B11: who was taken over does not come back to take it back.
    if (this.#takeovers > this.#plan.clients.length) {
      throw new Violation("B11", `sessions are taken over ${this.#takeovers} times in the calm`);
    }
    checkEnd({ plan: this.#plan, records: this.records, models: this.#models, program: (node) => this.#program(node) });
  }

  result(violation: Violation | undefined): RunOfPlan {
    const { world, records, met } = this;
    let publishes = 0;
    let deliveries = 0;
    for (const record of records.values()) {
      publishes += record.publishes.length;
      deliveries += record.deliveries;
      this.#count("gaps told", record.gaps);
      this.#count("new epochs told", record.newEpochs);
      this.#count("expired sessions told", record.expired);
      if (record.ended !== undefined) this.#count(`clients ended: ${record.ended}`, 1);
      for (const { outcome } of record.publishes) {
        this.#count(`publishes: ${typeof outcome === "number" ? "acknowledged" : outcome}`, 1);
      }
    }
    this.#count("entries on the wire", this.#wireEntries);
    return {
      violation,
      virtualMs: world.now,
      events: world.events,
      publishes,
      deliveries,
      met,
      counts: world.counts,
      trace: world.trace,
    };
  }

  #count(what: string, by: number): void {
    if (by > 0) this.met.set(what, (this.met.get(what) ?? 0) + by);
  }

  readonly #modelOf = (room: string): RoomModel => {
    let model = this.#models.get(room);
    if (model === undefined) {
      model = new RoomModel(room); // where a hostile peer went
      this.#models.set(room, model);
    }
    return model;
  };

  #addServer(name: string): void {
    const { server: options, streams, disk, effectMs } = this.#plan;
    const { Server, ServerMachine: Machine, store } = this.#machines;
    this.world.addNode(name, {
      disk,
      create: (environment) =>
        new Server(environment, {
          options,
          Machine,
          store,
          effectMs,
          highWaterBytes: streams.highWaterBytes ?? 0,
          lingerMs: 500,
          unsent: (connection) => this.world.unsentBytes(name, connection),
          modelOf: this.#modelOf,
          roomOf: (node) => this.#rooms.get(node) ?? "main",
          incarnationOf: (node) => this.records.get(node)?.incarnation ?? 0,
          engine: this.#engine,
          watch: {
            event: (_node, event) => {
              if (event.type === "closed") this.#count(`closed by the server: ${event.code}`, 1);
              else if (event.type !== "committed") this.#count(`server: ${event.type}`, 1);
              if (event.type === "left" && event.reason === "left") this.#mustLeave(event.name);
              this.#hasChanged = true;
            },
            welcomed: (node, welcome) => {
              const record = this.records.get(node);
              if (record !== undefined) {
                record.welcomes.push(welcome);
                record.isRefused = false;
              }
              this.#count(`welcome: ${welcome.status}`, 1);
            },
            closed: (node, code, byOlder) => this.#closed(node, code, byOlder),
            delivered: (entries) => {
              this.#wireEntries += entries;
            },
            stable: (room, upTo, connected) => this.#stable(room, upTo, connected),
          },
        }),
    });
  }

  /** B22: a leave with the reason "left" is that of one who said so. */
  #mustLeave(name: string): void {
    const { acts, clients } = this.#plan;
    // A copy has the session of another, with its name.
    const processes = clients.filter(({ node, copies }) => node === name || copies === name || name === "copy");
    if (processes.some(({ node }) => acts.some((act) => act.type === "leave" && act.node === node))) return;
    throw new Violation("B22", `${name} has left, and did not say so`);
  }

  /** A client that keeps to the protocol is never told that it does not. */
  #closed(node: string, code: string, byOlder: boolean): void {
    const record = this.records.get(node);
    if (record === undefined) return;
    if (code === "FULL") record.isRefused = true;
    if (code === "TAKEN_OVER") this.#takeovers++;
    if (code === "TAKEN_OVER" && byOlder) record.isOvertaken = true;
    if (code === "BAD_SEQ")
      throw new Violation("C", `${node} is closed with BAD_SEQ: its messages were taken out of their order`);
    if (code === "BAD_MESSAGE" || code === "TOO_BIG") throw new Violation("B4", `${node} is closed with ${code}`);
  }

  #stable(room: string, upTo: number, connected: readonly string[]): void {
    for (const node of connected) {
      const record = this.records.get(node);
      if (record === undefined || record.model.room !== room || record.epoch !== record.model.current?.epoch) continue;
      // What lies before the number from which it was resumed counts as acknowledged.
      const before = (record.welcomes.at(-1)?.resumeFrom ?? 1) - 1;
      if (Math.max(record.mayAcknowledge, before) < upTo) {
        throw new Violation("B21", `${upTo} is stable, and ${node} has handled ${record.handled}`);
      }
    }
  }

  #addClient(client: PlannedClient): void {
    const { node, room, startAtMs, rate, copies } = client;
    const { Client, ClientMachine: Machine } = this.#machines;
    const { streams, servers, server, disk } = this.#plan;
    const record = new ClientRecord(node, this.#modelOf(room));
    this.records.set(node, record);
    this.#rooms.set(node, room);
    const copied = (): Position | undefined =>
      copies === undefined ? undefined : (this.world.node(copies).durable.get("position") as Position | undefined);
    this.world.addNode(node, {
      startAtMs,
      rate,
      disk,
      create: (environment) =>
        new Client(environment, {
          options: optionsOf(client, server.secret),
          Machine,
          record,
          servers: node.length % 2 === 0 ? servers : [...servers].reverse(),
          unsent: (connection) => this.world.unsentBytes(node, connection),
          highWaterBytes: streams.highWaterBytes ?? 0,
          handleMs: client.handleMs,
          savesPosition: client.savesPosition,
          copied: copies === undefined ? undefined : copied,
          observed: this.#observed === undefined ? undefined : (what) => this.#observed?.(node, this.world.now, what),
          changed: () => {
            this.#hasChanged = true;
          },
        }),
    });
  }

  #addActs(): void {
    const { acts, calmAtMs } = this.#plan;
    for (const [index, act] of acts.entries()) {
      switch (act.type) {
        case "engine-away":
        case "engine-restored":
          break;
        case "hostile":
          this.#rooms.set(`hostile ${index}`, act.how === 4 ? "nowhere" : "main");
          this.world.addNode(`hostile ${index}`, hostilePeer(act.node, act.atMs, act.how));
          break;
        case "shutdown": {
          const stopsAtMs = Math.min(calmAtMs - 1, act.atMs + act.restartAfterMs);
          this.world.command(act.node, { type: "shutdown" }, act.atMs);
          this.world.addFault({ type: "crash", node: act.node, atMs: stopsAtMs, restartAfterMs: 1, host: "up" });
          break;
        }
        default:
          this.world.command(act.node, act, act.atMs);
      }
    }
  }

  #program(node: string): ClientProgram | undefined {
    return this.world.program(node) as ClientProgram | undefined;
  }

  /** Asked again when something has changed. */
  #missing(): string | undefined {
    if (!this.#hasChanged) return this.#lack;
    this.#hasChanged = false;
    this.#lack = undefined;
    for (const [node, record] of this.records) {
      this.#lack = record.missing(this.world.program(node) !== undefined);
      if (this.#lack !== undefined) break;
    }
    // B11, B39: in the end one process alone has a session; which it is shows when the others are told.
    this.#lack ??= sharedBy(this.#plan, this.records, (node) => this.#program(node));
    return this.#lack;
  }
}
