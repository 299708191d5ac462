/** Runs a plan: faults, then calm, with the oracles at every step, and what must be free at the end. */
import { Random, type TraceEvent, World } from "@lab/simnet";
import { BuildMachine, type Learned, ServerMachine } from "../../src/core/index.js";
import { BuildModel } from "./build-model.js";
import { BuildWatch } from "./build-watch.js";
import { type Cached, ClientProgram } from "./client-program.js";
import { bytesOf, fileOf, type SimFile } from "./files.js";
import { Liar } from "./lies.js";
import { CLIENT, type Plan, type PlannedHost } from "./plan.js";
import { rakePlanOf } from "./plan-build.js";
import { ServerProgram } from "./server-program.js";
import { Violation, violationIn } from "./violation.js";

/** Who is simulated: other ones are mutants. */
export interface Machines {
  readonly ServerMachine: typeof ServerMachine;
  readonly BuildMachine: typeof BuildMachine;
}

export const SHIPPED: Machines = { ServerMachine, BuildMachine };

export interface RunOfPlan {
  /** What was broken first, if anything was. */
  readonly violation: Violation | undefined;
  readonly virtualMs: number;
  /** From the calm to the end of the last build. */
  readonly endedAfterMs: number;
  readonly events: number;
  readonly builds: number;
  readonly runs: number;
  readonly lies: number;
  readonly met: ReadonlyMap<string, number>;
  readonly trace: readonly TraceEvent[];
}

/** A build ends within so long for each of its actions, behind the calm. */
const ENDS_WITHIN_MS = 120_000;
/** All is free within so long behind the last build: who is not heard is lost after three heartbeats, who does not read after thirty. */
const FREE_WITHIN_MS = 60_000;
const LINGER_MS = 500;
const STEP_MS = 1_000;
/** Events of one run. */
const MAX_EVENTS = 3_000_000;

export function runPlan(plan: Plan, machines: Machines = SHIPPED, isTraced = false): RunOfPlan {
  const run = new PlannedRun(plan, machines, isTraced);
  let violation: Violation | undefined;
  try {
    run.run();
  } catch (error) {
    violation = violationIn(error);
  }
  return run.result(violation);
}

class PlannedRun {
  readonly world: World;
  readonly #plan: Plan;
  readonly #machines: Machines;
  readonly #met = new Map<string, number>();
  readonly #rakePlan: ReturnType<typeof rakePlanOf>;
  readonly #folder = new Map<string, SimFile>();
  readonly #cache = new Map<string, Cached>();
  readonly #clientDisk = { fails: false, isTouched: false };
  readonly #disks = new Map<string, { fails: boolean }>();
  readonly #stores = new Map<string, Map<string, SimFile>>();
  readonly #liars: Liar[] = [];
  readonly #clients: string[] = [CLIENT];
  #toolchain: string;
  #watch: BuildWatch | undefined;
  #learned: Learned | undefined;
  #builds = 0;
  #runs = 0;
  #endedAfterMs = 0;

  constructor(plan: Plan, machines: Machines, isTraced: boolean) {
    this.#plan = plan;
    this.#machines = machines;
    this.#rakePlan = rakePlanOf(plan);
    this.#toolchain = plan.hosts[0]?.toolchain ?? "";
    const { seed, streams, calmAtMs, hosts, inputs } = plan;
    this.world = new World({ seed, trace: isTraced, streams, calmAtMs });
    for (const { path, size, mode } of inputs) this.#folder.set(path, fileOf(bytesOf(`${seed} ${path}`, size), mode));
    for (const host of hosts) this.#addHost(host);
    this.#addClient(CLIENT, 0);
    for (const { node, impairments } of hosts) {
      this.world.addFault({ type: "link", from: node, to: CLIENT, atMs: 0, impairments });
      this.world.addFault({ type: "link", from: CLIENT, to: node, atMs: 0, impairments });
    }
    for (const fault of plan.faults) this.world.addFault(fault);
  }

  run(): void {
    const { world } = this;
    const { acts, calmAtMs, again } = this.#plan;
    for (const { atMs, act } of acts.flatMap((one) => this.#act(one)).sort((a, b) => a.atMs - b.atMs)) {
      this.#runTo(atMs);
      act();
    }
    const actions = this.#rakePlan.sets.reduce((sum, set) => sum + set.actions.length, 0);
    this.#finish(calmAtMs + (actions + 1) * ENDS_WITHIN_MS);
    if (again !== "no" && world.program(CLIENT) !== undefined) {
      this.#runTo(Math.max(calmAtMs, world.now));
      if (again === "another toolchain") {
        this.#toolchain = "cc 13";
        for (const node of this.#stores.keys()) world.command(node, "restart");
      }
      this.#runTo(world.now + 100);
      this.#addClient("again", world.now);
      this.#finish(world.now + (actions + 1) * ENDS_WITHIN_MS);
    }
    this.#runTo(Math.max(world.now, calmAtMs));
    this.#mustBeFree();
  }

  result(violation: Violation | undefined): RunOfPlan {
    return {
      violation,
      virtualMs: this.world.now,
      endedAfterMs: this.#endedAfterMs,
      events: this.world.events,
      builds: this.#builds,
      runs: this.#runs,
      lies: this.#liars.reduce((sum, { lies }) => sum + lies, 0),
      met: this.#met,
      trace: this.world.trace,
    };
  }

  #runTo(untilMs: number): void {
    if (untilMs > this.world.now) this.world.run({ untilMs, maxEvents: MAX_EVENTS });
  }

  /** Until the build has ended, or its client has been killed for good. */
  #finish(byMs: number): void {
    const { world } = this;
    const node = this.#clients.at(-1) as string;
    const isOver = (): boolean => this.#watch?.result !== undefined || world.program(node) === undefined;
    this.#runTo(world.now + 1); // it is started
    world.run({ untilMs: byMs, until: () => isOver(), maxEvents: MAX_EVENTS });
    if (!isOver()) throw new Violation("liveness", `the build has not ended at ${Math.round(byMs)} ms`);
    this.#endedAfterMs = Math.max(this.#endedAfterMs, world.now - this.#plan.calmAtMs);
  }

  #mustBeFree(): void {
    const { world } = this;
    let busy = this.#busy();
    for (const until = world.now + FREE_WITHIN_MS; busy !== undefined && world.now < until; busy = this.#busy()) {
      this.#runTo(world.now + STEP_MS);
    }
    if (busy !== undefined) throw new Violation("F", `not free after ${FREE_WITHIN_MS} ms: ${busy}`);
  }

  #busy(): string | undefined {
    for (const { node, isAbsent } of this.#plan.hosts) {
      const busy = isAbsent ? undefined : (this.world.program(node) as ServerProgram | undefined)?.busy;
      if (busy !== undefined) return `${node}: ${busy}`;
    }
    for (const node of this.#clients) {
      const open = (this.world.program(node) as ClientProgram | undefined)?.open;
      if (open !== undefined) return `${node}: ${open}`;
    }
    return undefined;
  }

  #meets(what: string, by = 1): void {
    this.#met.set(what, (this.#met.get(what) ?? 0) + by);
  }

  #addHost(host: PlannedHost): void {
    const { node, cores, slots, speed, claimedSpeed, freeCores, resources, storeBytes, rate, lie, isAbsent } = host;
    const { server, effectMs, streams, seed } = this.#plan;
    if (isAbsent) {
      this.world.addNode(node, { create: () => ({ handle: () => [], nextDeadline: () => undefined }) });
      return;
    }
    const liar = lie === undefined ? undefined : new Liar(lie, new Random(`liar ${seed} ${node}`));
    if (liar !== undefined) this.#liars.push(liar);
    const stored = new Map<string, SimFile>();
    const disk = { fails: false };
    this.#stores.set(node, stored);
    this.#disks.set(node, disk);
    this.world.addNode(node, {
      rate,
      create: (environment) =>
        new ServerProgram(environment, {
          options: {
            ...server,
            name: node,
            cores,
            slots,
            speed: claimedSpeed,
            resources,
            maxStoreBytes: storeBytes,
          },
          toolchain: () => this.#toolchain,
          Machine: this.#machines.ServerMachine,
          speed: speed / 1_000,
          freeCores,
          effectMs,
          lingerMs: LINGER_MS,
          highWaterBytes: streams.highWaterBytes ?? 0,
          unsent: (connection) => this.world.unsentBytes(node, connection),
          stored,
          disk,
          liar,
          isWatched: liar === undefined,
          event: (event) => {
            this.#meets(`server: ${event.type}`);
            if (event.type === "refused") this.#meets(`refused: ${event.reason}`);
            if (event.type === "closed") this.#accused(host, event.code, event.why);
            if (event.type === "expired") this.#expired(node);
          },
          runs: () => this.#runs++,
        }),
    });
  }

  /** Who keeps to the protocol is never told that it does not. */
  #accused({ node, lie }: PlannedHost, code: string, why: string): void {
    if (lie !== undefined || (code !== "BAD_MESSAGE" && code !== "TOO_BIG")) return;
    throw new Violation("R15", `${node}, which is honest, or its client, says ${code}: ${why}`);
  }

  /** Where nothing goes wrong, who has lost is released, and who has won begins in time (R20). */
  #expired(node: string): void {
    const { faults, acts, kinds, hosts, server, effectMs } = this.#plan;
    const isSlow = kinds.some((kind) =>
      ["slow links", "losses", "full buffers", "fragments", "slow disks"].includes(kind),
    );
    const isPlain = faults.length + acts.length === 0 && !isSlow && (server.validForMs ?? 0) >= 5_000 && effectMs <= 1;
    if (!isPlain || hosts.some(({ lie, rate }) => lie !== undefined || rate !== 1)) return;
    throw new Violation("R20", `${node} has held a reservation that nobody used or released, and nothing went wrong`);
  }

  #addClient(node: string, startAtMs: number): void {
    const { client, effectMs, promised, acts, streams } = this.#plan;
    this.#clients.push(...(this.#clients.includes(node) ? [] : [node]));
    const isFirst = node === CLIENT;
    const diskFailed = isFirst && acts.some((act) => act.type === "disk" && act.node === CLIENT);
    const create = (environment: ConstructorParameters<typeof ClientProgram>[0]): ClientProgram => {
      const model = new BuildModel(this.#rakePlan, this.#folder, this.#toolchain);
      const watch = new BuildWatch(
        model,
        {
          maxAttempts: client.maxAttempts ?? 3,
          mustEnd: promised !== "none",
          isCancelled: isFirst && acts.some(({ type }) => type === "cancel"),
          diskFailed,
        },
        (what) => this.#meets(what),
      );
      this.#watch = watch;
      this.#builds++;
      return new ClientProgram(environment, {
        Machine: this.#machines.BuildMachine,
        plan: this.#rakePlan,
        options: client,
        learned: this.#learned,
        toolchain: this.#toolchain,
        folder: this.#folder,
        cache: this.#cache,
        disk: this.#clientDisk,
        effectMs,
        highWaterBytes: streams.highWaterBytes ?? 0,
        lingerMs: LINGER_MS,
        unsent: (connection) => this.world.unsentBytes(node, connection),
        watch,
        finished: (learned) => {
          this.#learned = learned;
        },
      });
    };
    this.world.addNode(node, { create, startAtMs });
  }

  #act(act: Plan["acts"][number]): { atMs: number; act: () => void }[] {
    const { atMs } = act;
    const { calmAtMs } = this.#plan;
    switch (act.type) {
      case "cancel":
        return Array.from({ length: act.times }, (_, index) => {
          return { atMs: atMs + 20 * index, act: () => this.world.command(CLIENT, { type: "cancel" }) };
        });
      case "rot":
        return [{ atMs, act: () => this.#rot(act.node, act.share) }];
      case "disk": {
        const disk = act.node === CLIENT ? this.#clientDisk : this.#disks.get(act.node);
        const set = (fails: boolean) => () => {
          if (disk !== undefined) disk.fails = fails;
        };
        return [
          { atMs, act: set(true) },
          { atMs: Math.min(calmAtMs, atMs + act.forMs), act: set(false) },
        ];
      }
      case "touch":
        return [
          {
            atMs,
            act: () => {
              this.#clientDisk.isTouched = true;
            },
          },
        ];
      case "shutdown": {
        const stopsAtMs = Math.min(calmAtMs - 1, atMs + act.restartAfterMs);
        this.world.addFault({ type: "crash", node: act.node, atMs: stopsAtMs, restartAfterMs: 1, host: "up" });
        return [{ atMs, act: () => this.world.command(act.node, { type: "shutdown" }) }];
      }
    }
  }

  #rot(node: string, share: number): void {
    const stored = this.#stores.get(node);
    const digests = [...(stored?.keys() ?? [])];
    const digest = digests[Math.floor(share * digests.length)];
    if (digest !== undefined) stored?.delete(digest);
  }
}
